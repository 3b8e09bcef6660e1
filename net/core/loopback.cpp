// The loopback device: what is sent comes back in the next turn of the worker. A packet is handed over as it
// is, with its fragments shared and its checksum not computed, because memory does not garble bits.

#include "net/core/loopback.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "net/core/drop.hpp"
#include "net/core/protocols.hpp"
#include "net/stack.hpp"

#include <new>

namespace net {
namespace {

constexpr uint32_t loopback_mtu = 65536; ///< Linux's

/// More than this waiting for the worker is a flood; the sender's socket buffer usually stops it before.
constexpr unsigned backlog_limit = 4096;

lib::result<void> loopback_open(net_device& device) {
    netif_set_carrier(device, true);
    return {};
}

void loopback_stop(net_device& device) {
    loopback_of(device).backlog.clear();
}

tx_result loopback_start_xmit(net_device& device, skb_ptr& skb) {
    loopback& state = loopback_of(device);
    if (state.backlog.count() >= backlog_limit) {
        device.statistics.tx_dropped++;
        drop(std::move(skb), drop_reason::device_backlog_full);
        return tx_result::taken;
    }
    skb_orphan(*skb);
    state.backlog.push_back(std::move(skb));
    return tx_result::taken;
}

void loopback_flush(net_device& device) {
    schedule_poll(device);
}

unsigned loopback_poll(net_device& device, unsigned budget) {
    loopback& state = loopback_of(device);
    skb_queue arrived;
    {
        port::guard held(device.device_lock);
        for (unsigned i = 0; i < budget && !state.backlog.empty(); i++) {
            arrived.push_back(state.backlog.pop_front());
        }
    }
    const unsigned count = arrived.count();
    while (skb_ptr skb = arrived.pop_front()) {
        if (skb->checksum == checksum_state::partial) {
            skb->checksum = checksum_state::unnecessary;
        }
        if (skb->packet_type == sk_buff::addressed_to::looped) {
            skb->received_at = port::now();
            deliver_to_protocol(*device.owner_stack, std::move(skb)); // taps have seen it leave
        } else {
            netif_receive_skb(device, std::move(skb));
        }
    }
    return count;
}

/// There is no link header to take off.
void loopback_receive(stack& in, skb_ptr skb) {
    deliver_to_protocol(in, std::move(skb));
}

constexpr net_device_ops loopback_ops = {
    .open = loopback_open,
    .stop = loopback_stop,
    .start_xmit = loopback_start_xmit,
    .flush = loopback_flush,
    .poll = loopback_poll,
    .set_receive_mode = nullptr,
    .set_mac = nullptr,
    .change_mtu = nullptr,
};

constexpr link_handler loopback_link = {.hardware_type = ARPHRD_LOOPBACK, .receive = loopback_receive};

} // namespace

lib::result<net_device*> create_loopback(stack& in) {
    void* memory = port::allocate(sizeof(loopback), port::memory_tag::other);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* fresh = new (memory) loopback;
    net_device& device = fresh->device;
    device.ops = &loopback_ops;
    device.driver_data = fresh;
    device.hardware_type = ARPHRD_LOOPBACK;
    device.features =
        feature_transmit_checksum | feature_segmentation | feature_scatter_gather | feature_no_arp;
    device.flags = IFF_LOOPBACK;
    device.mtu = loopback_mtu;
    in.register_link_handler(loopback_link);
    if (lib::result<void> registered = register_netdev(in, device, "lo"); !registered.ok()) {
        destroy_loopback(&device);
        return registered.error();
    }
    return &device;
}

void loop_back(skb_ptr copy) {
    net_device& device = *copy->owner_stack->loopback;
    copy->packet_type = sk_buff::addressed_to::looped;
    {
        port::guard held(device.device_lock);
        loopback_start_xmit(device, copy);
    }
    schedule_poll(device);
}

void destroy_loopback(net_device* device) {
    loopback& state = loopback_of(*device);
    state.backlog.clear();
    state.~loopback();
    port::release(&state);
}

} // namespace net
