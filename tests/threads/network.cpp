// See network.hpp. A frame that is due is handed over under the switch's lock, so that a card that was
// unplugged gets none.

#include "threads/network.hpp"

#include "kernel/abi/netdevice.h"
#include "net/core/dev_offload.hpp"
#include "net/core/drop.hpp"
#include "net/stack.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace threads {

struct card_driver {
    static card& of(net::net_device& device) { return *static_cast<card*>(device.driver_data); }

    static lib::result<void> open(net::net_device& device) {
        net::netif_set_carrier(device, true);
        return {};
    }
    static void stop(net::net_device& device) { net::netif_set_carrier(device, false); }

    static net::tx_result start_xmit(net::net_device& device, net::skb_ptr& skb) {
        card& self = of(device);
        // What the card promised to do by itself (checksums, segments) it does as software would.
        net::skb_queue frames;
        net::prepare_for_device(self.without_features_, std::move(skb), frames);
        while (const net::skb_ptr next = frames.pop_front()) {
            frame bytes(next->length());
            next->copy_bits(0, bytes.data(), next->length());
            self.network_.carry(self, std::move(bytes));
        }
        return net::tx_result::taken;
    }

    static void flush(net::net_device&) {}

    static unsigned poll(net::net_device& device, unsigned budget) {
        card& self = of(device);
        std::deque<frame> arrived;
        {
            const std::lock_guard held(self.mutex_);
            while (arrived.size() < budget && !self.received_.empty()) {
                arrived.push_back(std::move(self.received_.front()));
                self.received_.pop_front();
            }
        }
        for (const frame& bytes : arrived) {
            const auto length = static_cast<uint32_t>(bytes.size());
            net::skb_ptr skb = net::allocate_skb(*device.owner_stack, 2, length);
            if (!skb) {
                net::count_drop(*device.owner_stack, net::drop_reason::no_memory);
                continue;
            }
            std::copy(bytes.begin(), bytes.end(), skb->put(length));
            net::netif_receive_skb(device, std::move(skb));
        }
        return static_cast<unsigned>(arrived.size());
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
    .set_mac = nullptr,
    .change_mtu = nullptr,
};

constexpr size_t mac_bytes = 6;
constexpr size_t header_bytes = 14;

uint64_t mac_at(const uint8_t* bytes) {
    uint64_t mac = 0;
    std::memcpy(&mac, bytes, mac_bytes);
    return mac;
}

} // namespace

// ---- cards -----------------------------------------------------------------------------------------------

card::card(net::stack& in, network& on, uint8_t number, uint32_t features) : network_(on) {
    const uint8_t mac[mac_bytes] = {0x02, 0, 0, 0, 0, number};
    std::memcpy(device.mac, mac, sizeof(mac));
    device.ops = &card_ops;
    device.driver_data = this;
    device.features = features;
    if (!net::register_netdev(in, device, "eth%u").ok() || !net::dev_open(device).ok()) {
        std::fprintf(stderr, "threads: a card does not come up\n");
        std::abort();
    }
    network_.plug(*this);
}

card::~card() {
    network_.unplug(*this);
    net::unregister_netdev(device);
}

void card::receive(frame bytes) {
    {
        const std::lock_guard held(mutex_);
        received_.push_back(std::move(bytes));
    }
    net::schedule_poll(device);
}

// ---- the network -----------------------------------------------------------------------------------------

network::network(uint64_t seed, const network_faults& faults)
    : faults_(faults), random_(seed), thread_([this] { work(); }) {}

network::~network() {
    {
        const std::lock_guard held(mutex_);
        stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void network::plug(card& in) {
    const std::lock_guard held(mutex_);
    ports_.push_back({.plugged = &in, .cut = false});
}

void network::unplug(card& out) {
    const std::lock_guard held(mutex_);
    std::erase_if(ports_, [&](const port& each) { return each.plugged == &out; });
}

void network::cut(const card& which, bool apart) {
    const std::lock_guard held(mutex_);
    for (port& each : ports_) {
        if (each.plugged == &which) {
            each.cut = apart;
        }
    }
}

bool network::reaches(const card& which) const {
    return std::any_of(ports_.begin(), ports_.end(),
                       [&](const port& each) { return each.plugged == &which && !each.cut; });
}

void network::carry(const card& from, frame bytes) {
    {
        const std::lock_guard held(mutex_);
        if (!reaches(from) || chance(faults_.loss_permille)) {
            return;
        }
        const uint64_t from_mac = mac_at(from.device.mac);
        const bool is_ip = bytes.size() > header_bytes && bytes[12] == 0x08 && bytes[13] == 0x00;
        if (is_ip && chance(faults_.corrupt_permille)) {
            const size_t bit = random_() % ((bytes.size() - header_bytes) * 8);
            bytes[header_bytes + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
        }
        const unsigned copies = chance(faults_.duplicate_permille) ? 2 : 1;
        for (unsigned i = 0; i < copies; i++) {
            const time_ns extra = faults_.jitter != 0 ? random_() % faults_.jitter : 0;
            flying_.push({.arrives = machine::current().host_time(net::port::now() + faults_.delay + extra),
                          .order = order_++,
                          .from_mac = from_mac,
                          .bytes = bytes});
        }
    }
    changed_.notify_one();
}

void network::deliver(const in_flight& next) {
    const uint64_t to = mac_at(next.bytes.data());
    const bool to_all = (next.bytes[0] & 1) != 0;
    for (const port& each : ports_) {
        const uint64_t its_mac = mac_at(each.plugged->device.mac);
        if (!each.cut && its_mac != next.from_mac && (to_all || its_mac == to)) {
            each.plugged->receive(next.bytes);
        }
    }
}

void network::work() {
    std::unique_lock held(mutex_);
    while (!stop_) {
        if (flying_.empty()) {
            changed_.wait(held);
        } else if (flying_.top().arrives > std::chrono::steady_clock::now()) {
            const auto until = flying_.top().arrives;
            changed_.wait_until(held, until);
        } else {
            const in_flight next = flying_.top();
            flying_.pop();
            deliver(next);
        }
    }
}

} // namespace threads
