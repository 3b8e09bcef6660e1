// Multicast membership: the list of each socket, and behind it the counted filter of the device.

#include "net/ipv4/multicast.hpp"

#include "kernel/abi/errno.h"
#include "net/core/dev.hpp"
#include "net/ipv4/route_table.hpp"
#include "net/stack.hpp"
#include "net/wire/ethernet.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

lib::result<net_device*> device_for(inet_sock& sk, uint32_t group, uint32_t interface_address,
                                    unsigned index) {
    stack& in = *sk.owner_stack;
    net_device* device = nullptr;
    if (index != 0) {
        device = in.find_device(index);
    } else if (interface_address != 0) {
        device = device_with_address(in, interface_address);
    } else {
        const lib::result<route_entry> route = route_output(in, {.destination = group});
        device = route.ok() ? route.value().device : nullptr;
    }
    if (device == nullptr) {
        return lib::error{ENODEV};
    }
    return device;
}

multicast_membership* find(inet_sock& sk, uint32_t group, unsigned device) {
    for (multicast_membership& entry : sk.memberships) {
        if (entry.group == group && (device == 0 || entry.device == device)) {
            return &entry;
        }
    }
    return nullptr;
}

void drop_filter(stack& in, const multicast_membership& entry) {
    if (net_device* device = in.find_device(entry.device); device != nullptr) {
        uint8_t mac[wire::mac_bytes];
        wire::multicast_mac(entry.group, mac);
        dev_remove_multicast(*device, mac);
    }
}

} // namespace

net_device* device_with_address(stack& in, uint32_t address) {
    port::guard held(in.routes->lock);
    const interface_address* owner = in.routes->owner_of(address);
    return owner != nullptr ? owner->device : nullptr;
}

lib::result<void> join_group(inet_sock& sk, uint32_t group, uint32_t interface_address, unsigned index) {
    if (!wire::ipv4_is_multicast(group)) {
        return lib::error{EINVAL};
    }
    net_device* device = TRY(device_for(sk, group, interface_address, index));
    port::guard held(sk.sock_lock);
    if (find(sk, group, device->index) != nullptr) {
        return lib::error{EADDRINUSE};
    }
    multicast_membership* unused = find(sk, 0, 0);
    if (unused == nullptr) {
        return lib::error{ENOBUFS};
    }
    uint8_t mac[wire::mac_bytes];
    wire::multicast_mac(group, mac);
    TRY(dev_add_multicast(*device, mac));
    unused->device = device->index;
    unused->group = group;
    return {};
}

lib::result<void> leave_group(inet_sock& sk, uint32_t group, uint32_t interface_address, unsigned index) {
    if (!wire::ipv4_is_multicast(group)) {
        return lib::error{EINVAL};
    }
    if (index == 0 && interface_address != 0) {
        const net_device* device = device_with_address(*sk.owner_stack, interface_address);
        if (device == nullptr) {
            return lib::error{ENODEV};
        }
        index = device->index;
    }
    port::guard held(sk.sock_lock);
    multicast_membership* entry = find(sk, group, index);
    if (entry == nullptr) {
        return lib::error{EADDRNOTAVAIL};
    }
    drop_filter(*sk.owner_stack, *entry);
    entry->group = 0;
    return {};
}

void leave_all_groups(inet_sock& sk) {
    for (multicast_membership& entry : sk.memberships) {
        if (entry.group != 0) {
            drop_filter(*sk.owner_stack, entry);
            entry.group = 0;
        }
    }
}

bool inet_wants_group(const inet_sock& sk, uint32_t group, unsigned device) {
    for (const multicast_membership& entry : sk.memberships) {
        if (entry.group == group && entry.device == device) {
            return true;
        }
    }
    return sk.multicast_all; // ip(7), IP_MULTICAST_ALL: what others here have joined is heard, too
}

} // namespace net
