// See host.hpp. The driver is written as a real one would be: frames are copied in start_xmit, receiving
// goes through schedule_poll() and poll() with a budget.

#include "sim/host.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "net/core/dev_offload.hpp"
#include "net/ipv4/route.hpp"
#include "sim/fiber.hpp"
#include "sim/program.hpp"
#include "sim/segment.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sim {

struct nic_driver {
    static nic& of(net::net_device& device) { return *static_cast<nic*>(device.driver_data); }

    static lib::result<void> open(net::net_device& device) {
        net::netif_set_carrier(device, of(device).pulled_ == 0);
        return {};
    }
    static void stop(net::net_device& device) { net::netif_set_carrier(device, false); }

    static net::tx_result start_xmit(net::net_device& device, net::skb_ptr& skb) {
        nic& card = of(device);
        if (card.ring_full) {
            return net::tx_result::busy;
        }
        card.taken++;
        // What the card promised to do by itself (checksums, segments) it does as software would.
        net::skb_queue frames;
        net::prepare_for_device(card.without_features_, std::move(skb), frames);
        while (const net::skb_ptr next = frames.pop_front()) {
            put_on_wire(card, *next);
        }
        return net::tx_result::taken;
    }

    static void put_on_wire(nic& card, const net::sk_buff& skb) {
        frame bytes(skb.length());
        skb.copy_bits(0, bytes.data(), skb.length());
        dump(bytes);
        if (card.keep_sent) {
            card.sent.push_back(bytes);
        }
        if (card.plugged_in != nullptr && card.pulled_ == 0) {
            card.plugged_in->receive(std::move(bytes));
        }
    }

    static void flush(net::net_device& device) { of(device).flushes++; }

    static unsigned poll(net::net_device& device, unsigned budget) {
        nic& card = of(device);
        unsigned taken = 0;
        for (; taken < budget && !card.received_.empty(); taken++) {
            const frame bytes = std::move(card.received_.front());
            card.received_.pop_front();
            const auto length = static_cast<uint32_t>(bytes.size());
            net::skb_ptr skb = net::allocate_skb(*device.owner_stack, 2, length);
            if (!skb) {
                net::count_drop(*device.owner_stack, net::drop_reason::no_memory);
                continue;
            }
            std::copy(bytes.begin(), bytes.end(), skb->put(length));
            net::netif_receive_skb(device, std::move(skb));
        }
        return taken;
    }

    static lib::result<void> change_mtu(net::net_device& device, uint32_t mtu) {
        if (mtu > 1500) {
            return lib::error{EINVAL};
        }
        device.mtu = mtu;
        return {};
    }

    static void set_receive_mode(net::net_device& device) { of(device).multicast_updates++; }
};

namespace {

constexpr net::net_device_ops nic_ops = {
    .open = nic_driver::open,
    .stop = nic_driver::stop,
    .start_xmit = nic_driver::start_xmit,
    .flush = nic_driver::flush,
    .poll = nic_driver::poll,
    .set_receive_mode = nic_driver::set_receive_mode,
    .set_mac = nullptr,
    .change_mtu = nic_driver::change_mtu,
};

void require(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "simulation: %s\n", what);
        std::abort();
    }
}

} // namespace

// ---- cards -----------------------------------------------------------------------------------------------

nic::nic(net::stack& in, uint8_t number, uint32_t features) {
    const uint8_t mac[6] = {0x02, 0, 0, 0, 0, number};
    std::memcpy(device.mac, mac, sizeof(mac));
    device.ops = &nic_ops;
    device.driver_data = this;
    device.features = features;
    require(net::register_netdev(in, device, "eth%u").ok(), "register_netdev failed");
}

nic::~nic() {
    net::unregister_netdev(device);
}

void nic::receive(frame bytes) {
    if (pulled_ != 0) {
        return;
    }
    received_.push_back(std::move(bytes));
    net::schedule_poll(device);
}

void nic::set_cable(bool there) {
    pulled_ = there ? pulled_ - 1 : pulled_ + 1;
    net::netif_set_carrier(device, pulled_ == 0 && (device.flags & IFF_UP) != 0);
}

// ---- hosts -----------------------------------------------------------------------------------------------

host::host(unconfigured, uint32_t features) : number_(++world::current().card_numbers), features_(features) {
    start();
}

host::host(const char* ip, unsigned prefix, uint32_t features) : host(unconfigured{}, features) {
    ip_ = address(ip);
    prefix_ = prefix;
    configure();
}

void host::start() {
    lib::result<net::stack*> made = net::stack::create();
    require(made.ok(), "stack::create failed");
    stack_ = made.value();
    world::current().add_worker(*stack_).on = this;
    card = std::make_unique<nic>(*stack_, number_, features_);
    card->plugged_in = line_;
    require(net::dev_open(card->device).ok(), "dev_open failed");
}

void host::configure() {
    const uint32_t netmask = prefix_ == 0 ? 0 : ~uint32_t{0} << (32 - prefix_);
    require(net::set_interface_address(*stack_, card->device, ip_, netmask, ip_ | ~netmask).ok(),
            "set_interface_address failed");
    card->sent.clear(); // the announcement of the address
    card->flushes = 0;
    card->taken = 0;
}

void host::plug_into(frame_sink* line) {
    line_ = line;
    card->plugged_in = line;
}

void host::receive(frame bytes) {
    if (card != nullptr && has_power_) {
        card->receive(std::move(bytes));
    }
}

void host::power_off() {
    has_power_ = false;
    card->plugged_in = nullptr;
}

void host::power_on() {
    destroy();
    has_power_ = true;
    start();
    configure();
}

host::~host() {
    destroy();
}

void host::destroy() {
    if (stack_ == nullptr) {
        return;
    }
    has_power_ = false;
    world::current().remove_worker(*stack_);
    card.reset();
    net::stack::destroy(stack_);
    stack_ = nullptr;
}

net::stack& stack_of(host& which) {
    return which.stack();
}

std::string host::report(const char* name) {
    std::string text;
    net::report_writer writer = {.context = &text,
                                 .write = [](void* context, const char* more, size_t length) {
                                     static_cast<std::string*>(context)->append(more, length);
                                 }};
    for (size_t i = 0; i < net::report_count; i++) {
        if (std::strcmp(net::reports[i].name, name) == 0) {
            net::reports[i].write(*stack_, writer);
            return text;
        }
    }
    require(false, "no such report");
    return text;
}

// ---- wires -----------------------------------------------------------------------------------------------

wire::wire(host& left, host& right, const wire_options& wanted) : options(wanted) {
    host* hosts[2] = {&left, &right};
    for (unsigned i = 0; i < 2; i++) {
        ends_[i].of = this;
        ends_[i].from = hosts[i];
        ends_[i].to = hosts[1 - i];
        hosts[i]->plug_into(&ends_[i]);
    }
}

wire::~wire() {
    *alive_ = false;
    for (const end& each : ends_) {
        if (each.from->card != nullptr) {
            each.from->plug_into(nullptr);
        }
    }
}

void wire::carry(end& in, frame bytes) {
    world& now_in = world::current();
    if (filter && !filter(*in.from, bytes)) {
        lost++;
        return;
    }
    if (now_in.random()() % 100 < options.loss_percent) {
        lost++;
        return;
    }
    net::port::time_ns leaves = now_in.now();
    if (options.bits_per_second != 0) {
        const net::port::time_ns needs = bytes.size() * 8 * net::port::second / options.bits_per_second;
        in.free_at = in.free_at > now_in.now() ? in.free_at : now_in.now();
        if (in.free_at - now_in.now() > needs * options.queue_frames) {
            lost++;
            return;
        }
        in.free_at += needs;
        leaves = in.free_at;
    }
    const unsigned copies = now_in.random()() % 100 < options.duplicate_percent ? 2 : 1;
    for (unsigned i = 0; i < copies; i++) {
        const net::port::time_ns extra = options.jitter != 0 ? now_in.random()() % options.jitter : 0;
        now_in.at(leaves + options.delay + extra, [this, alive = alive_, to = in.to, bytes] {
            if (*alive) {
                carried++;
                to->receive(bytes);
            }
        });
    }
}

} // namespace sim
