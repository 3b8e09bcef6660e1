#include "fuzz/support/host.hpp"

#include "fuzz/support/world.hpp"
#include "kernel/abi/errno.h"
#include "net/core/dev_offload.hpp"
#include "net/ipv4/ip_fragment.hpp"
#include "net/ipv4/route.hpp"

#include <cstring>

namespace fuzz {

using net::port::second;

/// The card's half of net_device_ops.
struct card_driver {
    static host& of(net::net_device& device) { return *static_cast<host*>(device.driver_data); }

    static lib::result<void> open(net::net_device& device) {
        net::netif_set_carrier(device, true);
        return {};
    }
    static void stop(net::net_device& device) { net::netif_set_carrier(device, false); }

    static net::tx_result start_xmit(net::net_device& device, net::skb_ptr& skb) {
        host& owner = of(device);
        if (owner.ring_full) {
            return net::tx_result::busy;
        }
        // What the card promised to do by itself (checksums, segments) it does as software would.
        net::skb_queue frames;
        net::prepare_for_device(owner.without_features_, std::move(skb), frames);
        while (const net::skb_ptr next = frames.pop_front()) {
            send(owner, *next);
        }
        return net::tx_result::taken;
    }

    static void send(host& owner, const net::sk_buff& skb) {
        uint8_t bytes[frame::most_bytes];
        require(skb.length() <= sizeof(bytes), "a frame is longer than the card's MTU");
        skb.copy_bits(0, bytes, skb.length());
        const std::span<const uint8_t> whole(bytes, skb.length());
        if (owner.checked) {
            check_sent_frame(whole);
        }
        if (owner.on_sent != nullptr) {
            owner.on_sent(owner.context, owner, whole);
        }
    }

    static void flush(net::net_device&) {}

    static unsigned poll(net::net_device& device, unsigned budget) {
        host& owner = of(device);
        unsigned taken = 0;
        // A frame may make the stack send, and the harness answer at once: the box fills while it is emptied.
        while (taken < budget && owner.inbox_count_ != 0) {
            const frame& next = owner.inbox_[owner.inbox_first_];
            net::skb_ptr skb = net::allocate_skb(*device.owner_stack, 2, next.length);
            if (skb) {
                std::memcpy(skb->put(next.length), next.bytes, next.length);
            }
            owner.inbox_first_ = (owner.inbox_first_ + 1) % host::inbox_frames;
            owner.inbox_count_--;
            taken++;
            if (skb) {
                net::netif_receive_skb(device, std::move(skb));
            }
        }
        return taken;
    }

    static lib::result<void> set_mac(net::net_device& device, const uint8_t* mac) {
        std::memcpy(device.mac, mac, sizeof(device.mac));
        return {};
    }

    static lib::result<void> change_mtu(net::net_device& device, uint32_t mtu) {
        if (mtu < 68 || mtu > 1500) {
            return lib::error{EINVAL};
        }
        device.mtu = mtu;
        return {};
    }
};

namespace {

constexpr net::net_device_ops card_ops = {
    .open = card_driver::open,
    .stop = card_driver::stop,
    .start_xmit = card_driver::start_xmit,
    .flush = card_driver::flush,
    .poll = card_driver::poll,
    .set_receive_mode = nullptr,
    .set_mac = card_driver::set_mac,
    .change_mtu = card_driver::change_mtu,
};

constexpr uint32_t netmask = 0xffffff00;

} // namespace

host::host(uint8_t number, uint32_t features) {
    static frame inboxes[world::most_stacks][inbox_frames];
    inbox_ = inboxes[number % world::most_stacks];
    auto made = net::stack::create();
    require(made.ok(), "stack::create failed");
    stack_ = made.value();
    the_world.add(*stack_);
    const uint8_t mac[6] = {0x02, 0, 0, 0, 0, number};
    std::memcpy(device.mac, mac, sizeof(mac));
    device.ops = &card_ops;
    device.driver_data = this;
    device.features = features;
    require(net::register_netdev(*stack_, device, "eth%u").ok(), "register_netdev failed");
    require(net::dev_open(device).ok(), "dev_open failed");
    const uint32_t address = network | number;
    require(net::set_interface_address(*stack_, device, address, netmask, network | 0xff).ok() &&
                net::add_route(*stack_, {.gateway = network | 254, .device = &device}).ok(),
            "the card cannot be configured");
    the_world.settle();
    the_world.allocations_at_rest = the_world.live_allocations;
    timers_at_rest_ = stack_->timers.pending();
}

void host::receive(std::span<const uint8_t> bytes) {
    if (inbox_count_ == inbox_frames) {
        return; // an overrun
    }
    frame& place = inbox_[(inbox_first_ + inbox_count_++) % inbox_frames];
    place.length = 0;
    place.add(bytes);
    net::schedule_poll(device);
}

void host::print_sockets() {
    net::report_writer writer = {.context = stderr, .write = [](void* to, const char* text, size_t length) {
                                     std::fwrite(text, 1, length, static_cast<FILE*>(to));
                                 }};
    for (size_t i = 0; i < net::report_count; i++) {
        for (const char* wanted : {"tcp", "udp", "raw", "icmp", "unix", "packet"}) {
            if (std::strcmp(net::reports[i].name, wanted) == 0) {
                net::reports[i].write(*stack_, writer);
            }
        }
    }
}

void check_end(std::span<host* const> hosts) {
    const auto is_quiet = [&] {
        bool quiet = the_world.live_allocations == the_world.allocations_at_rest;
        for (const host* each : hosts) {
            quiet = quiet && each->stack_->live_socks == 0 && each->stack_->live_skbs == 0 &&
                    each->stack_->timers.pending() <= each->timers_at_rest_;
        }
        return quiet;
    };
    the_world.fail_allocation = 0;
    for (host* each : hosts) {
        each->on_sent = nullptr;
        each->ring_full = false;
        net::netif_wake_queue(each->device);
        for (net::net_device* of : {&each->device, each->stack_->loopback}) {
            (void)net::dev_open(*of); // a device that is down already forgets nothing more
            net::dev_close(*of);      // forgets neighbours and what waits for them
        }
    }
    the_world.settle();
    if (!is_quiet()) {
        the_world.pass(70 * second, 1000); // fragments, TIME_WAIT
    }
    if (!is_quiet()) {
        the_world.pass(12 * 3600 * second, 5000); // orphans whose peer is silent, at most 255 times 120 s
    }
    for (host* each : hosts) {
        net::stack& its = *each->stack_;
        if (its.live_socks != 0) {
            each->print_sockets();
        }
        require(its.live_socks == 0, "a sock is left");
        require(its.live_skbs == 0 && its.skb_bytes == 0, "a packet is left");
        require(net::ip_reassembly_usage(its).datagrams == 0, "fragments are left");
        require(its.timers.pending() <= each->timers_at_rest_, "a timer is left");
    }
    if (the_world.live_allocations != the_world.allocations_at_rest) {
        std::fprintf(stderr, "fuzz: %lld allocations instead of %lld\n",
                     static_cast<long long>(the_world.live_allocations),
                     static_cast<long long>(the_world.allocations_at_rest));
        fail("an allocation is left");
    }
    require(the_world.live_files == 0, "a file is left");
    require(the_world.held_ranks == 0, "a lock is left");
}

} // namespace fuzz
