// Devices: the list of them, up and down, the transmit queue, and the way in.
//
// Sending: whatever a device cannot do by itself is done here before its lock is taken (see dev_offload.cpp),
// so the layers above never ask. Under the device lock the frame goes to the ring, or behind those that wait
// already; the queue keeps the order of frames across threads. The card is told once per batch.
//
// Receiving: an interrupt only marks the device. The worker polls marked devices with a budget each, so that
// no device can keep it to itself, and frames go up in that worker one after the other.

#include "net/core/dev.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/lib/format.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/dev_offload.hpp"
#include "net/core/drop.hpp"
#include "net/core/protocols.hpp"
#include "net/stack.hpp"

namespace net {
namespace {

/// Frames that one poll may take before the next device has its turn; Linux: NAPI_POLL_WEIGHT.
constexpr unsigned poll_budget = 64;

void flush_if_needed(net_device& device) {
    if (device.flush_needed && device.batch_depth == 0) {
        device.flush_needed = false;
        device.ops->flush(device);
    }
}

/// Shows a frame to AF_PACKET, if anybody there looks.
void show_to_tap(net_device& device, sk_buff& frame, frame_direction direction) {
    stack& in = *device.owner_stack;
    if (__builtin_expect(__atomic_load_n(&in.tap_users, __ATOMIC_RELAXED) != 0, 0)) {
        in.tap(in, frame, device, direction);
    }
}

/// Hands one frame to the driver. False: the ring is full and the frame still ours. device_lock held.
bool hand_over(net_device& device, skb_ptr& frame) {
    const uint32_t bytes = frame->length();
    if (device.ops->start_xmit(device, frame) == tx_result::busy) {
        device.transmit_stopped = true;
        return false;
    }
    device.statistics.tx_packets++;
    device.statistics.tx_bytes += bytes;
    device.flush_needed = true;
    return true;
}

void transmit_locked(net_device& device, skb_ptr frame) {
    if ((device.flags & IFF_UP) == 0) {
        device.statistics.tx_dropped++;
        drop(std::move(frame), drop_reason::device_down);
        return;
    }
    if (!device.transmit_stopped && device.transmit_queue.empty() && hand_over(device, frame)) {
        return;
    }
    if (device.transmit_queue.count() >= device.transmit_queue_limit) {
        device.statistics.tx_dropped++;
        drop(std::move(frame), drop_reason::device_queue_full);
        return;
    }
    device.transmit_queue.push_back(std::move(frame));
}

/// "eth%u" → the first free "ethN": ENFILE; a name without a pattern: EEXIST.
lib::result<void> choose_name(stack& in, net_device& device, const char* pattern) {
    constexpr unsigned name_limit = 100;
    size_t prefix = 0;
    while (pattern[prefix] != '\0' && pattern[prefix] != '%') {
        prefix++;
    }
    if (prefix + 4 > sizeof(device.name)) {
        return lib::error{EINVAL};
    }
    const bool numbered = pattern[prefix] == '%';
    for (unsigned i = 0; i < name_limit; i++) {
        char name[IFNAMSIZ] = {};
        memcpy(name, pattern, prefix);
        if (numbered) {
            lib::format(name + prefix, sizeof(name) - prefix, "%u", i);
        }
        if (in.find_device(name) == nullptr) {
            memcpy(device.name, name, sizeof(name));
            return {};
        }
        if (!numbered) {
            return lib::error{EEXIST};
        }
    }
    return lib::error{ENFILE};
}

void change_receive_mode(net_device& device, unsigned net_device::*users, int change) {
    port::guard held(device.device_lock);
    const bool before = device.*users != 0;
    device.*users += static_cast<unsigned>(change);
    const bool changed = before != (device.*users != 0);
    if (changed && device.ops->set_receive_mode != nullptr && (device.flags & IFF_UP) != 0) {
        device.ops->set_receive_mode(device);
    }
}

} // namespace

// ---- the list --------------------------------------------------------------------------------------------

lib::result<void> register_netdev(stack& in, net_device& device, const char* name_pattern) {
    TRY(choose_name(in, device, name_pattern));
    device.owner_stack = &in;
    device.link_layer = in.find_link_handler(device.hardware_type);
    if (device.link_layer == nullptr) {
        return lib::error{EPROTONOSUPPORT};
    }
    if (device.hardware_type == ARPHRD_ETHER) {
        device.flags |= IFF_BROADCAST | IFF_MULTICAST;
    }
    port::guard held(in.device_list_lock);
    device.index = in.next_device_index();
    in.devices.push_back(device);
    return {};
}

void unregister_netdev(net_device& device) {
    stack& in = *device.owner_stack;
    dev_close(device);
    in.notify_device(device, device_event::gone);
    port::guard held(in.device_list_lock);
    in.devices.remove(device);
}

lib::result<void> dev_open(net_device& device) {
    {
        port::guard held(device.device_lock);
        if ((device.flags & IFF_UP) != 0) {
            return {};
        }
        TRY(device.ops->open(device));
        device.flags |= IFF_UP;
        device.transmit_stopped = false;
    }
    device.owner_stack->notify_device(device, device_event::up);
    return {};
}

void dev_close(net_device& device) {
    {
        port::guard held(device.device_lock);
        if ((device.flags & IFF_UP) == 0) {
            return;
        }
        device.flags &= ~static_cast<uint32_t>(IFF_UP);
        while (skb_ptr waiting = device.transmit_queue.pop_front()) {
            drop(std::move(waiting), drop_reason::device_down);
        }
        device.ops->stop(device);
    }
    device.owner_stack->notify_device(device, device_event::down);
}

// ---- sending ---------------------------------------------------------------------------------------------

void dev_queue_xmit(skb_ptr frame) {
    net_device& device = *frame->device;
    trace(*device.owner_stack, trace_event::eth_transmit,
          {.skb = frame->id, .value = {frame->protocol, frame->length(), device.index}});
    show_to_tap(device, *frame, frame_direction::sent);
    skb_queue frames;
    if (!prepare_for_device(device, std::move(frame), frames)) {
        return;
    }
    port::guard held(device.device_lock);
    while (skb_ptr next = frames.pop_front()) {
        transmit_locked(device, std::move(next));
    }
    flush_if_needed(device);
}

void netif_wake_queue(net_device& device) {
    port::guard held(device.device_lock);
    device.transmit_stopped = false;
    while (skb_ptr next = device.transmit_queue.pop_front()) {
        if (!hand_over(device, next)) {
            device.transmit_queue.push_front(std::move(next));
            break;
        }
    }
    flush_if_needed(device);
}

transmit_batch::transmit_batch(net_device* device) : device_(device) {
    if (device_ != nullptr) {
        port::guard held(device_->device_lock);
        device_->batch_depth++;
    }
}

transmit_batch::~transmit_batch() {
    if (device_ != nullptr) {
        port::guard held(device_->device_lock);
        device_->batch_depth--;
        flush_if_needed(*device_);
    }
}

// ---- receiving -------------------------------------------------------------------------------------------

void schedule_poll(net_device& device) {
    if (!__atomic_exchange_n(&device.poll_scheduled, true, __ATOMIC_ACQ_REL)) {
        port::wake_worker(*device.owner_stack);
    }
}

bool poll_devices(stack& in) {
    constexpr unsigned at_once = 16;
    net_device* scheduled[at_once];
    unsigned count = 0;
    {
        port::guard held(in.device_list_lock);
        for (net_device& device : in.devices) {
            if (count < at_once && __atomic_load_n(&device.poll_scheduled, __ATOMIC_ACQUIRE)) {
                scheduled[count++] = &device;
            }
        }
    }
    bool more = count == at_once;
    for (unsigned i = 0; i < count; i++) {
        net_device& device = *scheduled[i];
        __atomic_store_n(&device.poll_scheduled, false, __ATOMIC_RELEASE);
        const transmit_batch answers(&device); // acknowledgements leave together
        if (device.ops->poll(device, poll_budget) >= poll_budget) {
            __atomic_store_n(&device.poll_scheduled, true, __ATOMIC_RELEASE);
            more = true;
        }
    }
    return more;
}

void netif_receive_skb(net_device& device, skb_ptr frame) {
    stack& in = *device.owner_stack;
    device.statistics.rx_packets++;
    device.statistics.rx_bytes += frame->length();
    if ((device.flags & IFF_UP) == 0) {
        drop(std::move(frame), drop_reason::device_down);
        return;
    }
    frame->device = &device;
    frame->received_at = port::now();
    show_to_tap(device, *frame, frame_direction::received);
    device.link_layer->receive(in, std::move(frame));
}

void deliver_to_protocol(stack& in, skb_ptr skb) {
    const packet_handler* handler = in.find_packet_handler(skb->protocol);
    if (handler == nullptr) {
        drop(std::move(skb), drop_reason::eth_unknown_protocol);
        return;
    }
    handler->receive(in, std::move(skb));
}

void netif_set_carrier(net_device& device, bool up) {
    __atomic_store_n(&device.carrier, up, __ATOMIC_RELEASE);
}

// ---- multicast filter ------------------------------------------------------------------------------------

lib::result<void> dev_add_multicast(net_device& device, const uint8_t* mac) {
    port::guard held(device.device_lock);
    device_multicast* unused = nullptr;
    for (device_multicast& entry : device.multicast) {
        if (entry.users != 0 && memcmp(entry.mac, mac, sizeof(entry.mac)) == 0) {
            entry.users++;
            return {};
        }
        unused = entry.users == 0 ? &entry : unused;
    }
    if (unused == nullptr) {
        return lib::error{ENOBUFS};
    }
    memcpy(unused->mac, mac, sizeof(unused->mac));
    unused->users = 1;
    if (device.ops->set_receive_mode != nullptr && (device.flags & IFF_UP) != 0) {
        device.ops->set_receive_mode(device);
    }
    return {};
}

void dev_remove_multicast(net_device& device, const uint8_t* mac) {
    port::guard held(device.device_lock);
    for (device_multicast& entry : device.multicast) {
        if (entry.users != 0 && memcmp(entry.mac, mac, sizeof(entry.mac)) == 0) {
            entry.users--;
            if (entry.users == 0 && device.ops->set_receive_mode != nullptr && (device.flags & IFF_UP) != 0) {
                device.ops->set_receive_mode(device);
            }
            return;
        }
    }
}

void dev_change_promiscuity(net_device& device, int change) {
    change_receive_mode(device, &net_device::promiscuity, change);
}

void dev_change_all_groups(net_device& device, int change) {
    change_receive_mode(device, &net_device::all_groups, change);
}

bool dev_listens_to(const net_device& device, const uint8_t* mac) {
    if ((device.flags & (IFF_ALLMULTI | IFF_PROMISC)) != 0) {
        return true;
    }
    for (const device_multicast& entry : device.multicast) {
        if (entry.users != 0 && memcmp(entry.mac, mac, sizeof(entry.mac)) == 0) {
            return true;
        }
    }
    return false;
}

} // namespace net
