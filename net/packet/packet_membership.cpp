// What AF_PACKET's sockets want cards to receive beyond what is addressed to this host: everything,
// everything to groups, or one group. Each wish is counted at the device and ends with its socket.

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "net/core/dev.hpp"
#include "net/packet/packet_sock.hpp"

namespace net {

namespace {

bool is_wish(const packet_membership& entry, const packet_mreq& request) {
    return entry.count != 0 && entry.device == static_cast<unsigned>(request.mr_ifindex) &&
           entry.type == request.mr_type && entry.address_bytes == request.mr_alen &&
           memcmp(entry.address, request.mr_address, entry.address_bytes) == 0;
}

/// The entry of that very wish, or nullptr. sock_lock held.
packet_membership* find(packet_sock& self, const packet_mreq& request) {
    for (packet_membership& entry : self.memberships) {
        if (is_wish(entry, request)) {
            return &entry;
        }
    }
    return nullptr;
}

packet_membership* find_unused(packet_sock& self) {
    for (packet_membership& entry : self.memberships) {
        if (entry.count == 0) {
            return &entry;
        }
    }
    return nullptr;
}

lib::result<void> tell_card(net_device& device, const packet_membership& entry) {
    switch (entry.type) {
    case PACKET_MR_MULTICAST:
        if (entry.address_bytes != sizeof device.mac) {
            return lib::error{EINVAL};
        }
        return dev_add_multicast(device, entry.address);
    case PACKET_MR_PROMISC:
        dev_change_promiscuity(device, 1);
        return {};
    case PACKET_MR_ALLMULTI:
        dev_change_all_groups(device, 1);
        return {};
    default: // kept, without effect, as on Linux
        return {};
    }
}

/// The last of a wish is gone. sock_lock held.
void end(packet_sock& self, packet_membership& entry) {
    net_device* device = self.owner_stack->find_device(entry.device);
    if (device != nullptr && entry.type == PACKET_MR_MULTICAST) {
        dev_remove_multicast(*device, entry.address);
    } else if (device != nullptr && entry.type == PACKET_MR_PROMISC) {
        dev_change_promiscuity(*device, -1);
    } else if (device != nullptr && entry.type == PACKET_MR_ALLMULTI) {
        dev_change_all_groups(*device, -1);
    }
    entry = {};
}

} // namespace

lib::result<void> packet_join(packet_sock& self, const packet_mreq& request) {
    net_device* device = self.owner_stack->find_device(static_cast<unsigned>(request.mr_ifindex));
    if (device == nullptr) {
        return lib::error{ENODEV};
    }
    if (request.mr_alen > sizeof device->mac) {
        return lib::error{EINVAL};
    }
    port::guard held(self.sock_lock);
    if (packet_membership* known = find(self, request)) {
        known->count++;
        return {};
    }
    packet_membership* entry = find_unused(self);
    if (entry == nullptr) {
        return lib::error{ENOBUFS};
    }
    packet_membership fresh = {
        .device = device->index, .type = request.mr_type, .address_bytes = request.mr_alen, .count = 1};
    memcpy(fresh.address, request.mr_address, sizeof fresh.address);
    TRY(tell_card(*device, fresh));
    *entry = fresh;
    return {};
}

lib::result<void> packet_leave(packet_sock& self, const packet_mreq& request) {
    port::guard held(self.sock_lock);
    packet_membership* entry = find(self, request);
    if (entry != nullptr && --entry->count == 0) {
        end(self, *entry);
    }
    return {};
}

void packet_leave_all(packet_sock& self) {
    for (packet_membership& entry : self.memberships) {
        if (entry.count != 0) {
            end(self, entry);
        }
    }
}

} // namespace net
