// See host.hpp. The driver is written as a real one would be: frames are copied in start_xmit, receiving
// goes through schedule_poll() and poll() with a budget.

#include "sim/host.hpp"

#include "kernel/abi/netdevice.h"
#include "net/core/dev_offload.hpp"
#include "net/ipv4/route.hpp"
#include "sim/program.hpp"
#include "sim/segment.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sim {

struct nic_driver {
    static nic& of(net::net_device& device) { return *static_cast<nic*>(device.driver_data); }

    static lib::result<void> open(net::net_device& device) {
        net::netif_set_carrier(device, true);
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
        card.sent.push_back(bytes);
        if (card.plugged_in != nullptr) {
            card.plugged_in->carry(card, std::move(bytes));
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
    .change_mtu = nullptr,
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
    received_.push_back(std::move(bytes));
    net::schedule_poll(device);
}

// ---- hosts -----------------------------------------------------------------------------------------------

host::host(unconfigured, uint32_t features) {
    lib::result<net::stack*> made = net::stack::create();
    require(made.ok(), "stack::create failed");
    stack_ = made.value();
    world::current().add_worker(*stack_);
    card = std::make_unique<nic>(*stack_, ++world::current().card_numbers, features);
    require(net::dev_open(card->device).ok(), "dev_open failed");
}

host::host(const char* ip, unsigned prefix, uint32_t features) : host(unconfigured{}, features) {
    ip_ = address(ip);
    const uint32_t netmask = prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix);
    require(net::set_interface_address(*stack_, card->device, ip_, netmask, ip_ | ~netmask).ok(),
            "set_interface_address failed");
    card->sent.clear(); // the announcement of the address
    card->flushes = 0;
    card->taken = 0;
}

host::~host() {
    destroy();
}

void host::destroy() {
    if (stack_ == nullptr) {
        return;
    }
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

wire::wire(host& left, host& right, const wire_options& wanted)
    : options(wanted), left_(left), right_(right) {
    left.card->plugged_in = this;
    right.card->plugged_in = this;
}

wire::~wire() {
    *alive_ = false;
    for (host* end : {&left_, &right_}) {
        if (end->card != nullptr) {
            end->card->plugged_in = nullptr;
        }
    }
}

void wire::carry(nic& from, frame bytes) {
    world& in = world::current();
    const bool from_left = &from == left_.card.get();
    host& sender = from_left ? left_ : right_;
    if (filter && !filter(sender, bytes)) {
        lost++;
        return;
    }
    if (in.random()() % 100 < options.loss_percent) {
        lost++;
        return;
    }
    net::port::time_ns leaves = in.now();
    if (options.bits_per_second != 0) {
        net::port::time_ns& free_at = line_free_at_[from_left ? 0 : 1];
        const net::port::time_ns needs = bytes.size() * 8 * net::port::second / options.bits_per_second;
        free_at = free_at > in.now() ? free_at : in.now();
        if (free_at - in.now() > needs * options.queue_frames) {
            lost++;
            return;
        }
        free_at += needs;
        leaves = free_at;
    }
    const unsigned copies = in.random()() % 100 < options.duplicate_percent ? 2 : 1;
    for (unsigned i = 0; i < copies; i++) {
        const net::port::time_ns extra = options.jitter != 0 ? in.random()() % options.jitter : 0;
        host& target = from_left ? right_ : left_;
        in.at(leaves + options.delay + extra, [this, alive = alive_, &target, bytes] {
            if (*alive && target.card != nullptr) {
                carried++;
                target.card->receive(bytes);
            }
        });
    }
}

} // namespace sim
