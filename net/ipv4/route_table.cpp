// The routing table, asked and changed under its lock (see route.cpp for what it is).

#include "net/ipv4/route_table.hpp"

#include "kernel/abi/netdevice.h"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

/// Whether `left` is to be asked before `right`.
bool goes_before(const route_key& left, const route_key& right) {
    if (left.netmask != right.netmask) {
        return left.netmask > right.netmask;
    }
    return left.metric < right.metric;
}

} // namespace

const interface_address* route_table::address_of(const net_device& device, uint32_t near) const {
    const interface_address* first = nullptr;
    for (const interface_address& entry : addresses_in_use()) {
        if (entry.device != &device) {
            continue;
        }
        if ((entry.address & entry.netmask) == (near & entry.netmask)) {
            return &entry;
        }
        first = first != nullptr ? first : &entry;
    }
    return first;
}

const interface_address* route_table::owner_of(uint32_t address) const {
    for (const interface_address& entry : addresses_in_use()) {
        if (entry.address == address) {
            return &entry;
        }
    }
    return nullptr;
}

route_type route_table::classify(uint32_t address, const net_device* arrived) const {
    if (address == wire::ipv4_limited_broadcast) {
        return route_type::broadcast;
    }
    if (wire::ipv4_is_multicast(address)) {
        return route_type::multicast;
    }
    for (const interface_address& entry : addresses_in_use()) {
        const bool here = arrived == nullptr || arrived == entry.device;
        if (entry.address == address) {
            return route_type::local;
        }
        const uint32_t host_bits = ~entry.netmask;
        if (here && host_bits > 1 && (address & entry.netmask) == (entry.address & entry.netmask) &&
            ((address & host_bits) == host_bits || address == entry.broadcast)) {
            return (entry.device->flags & IFF_BROADCAST) != 0 ? route_type::broadcast : route_type::unicast;
        }
    }
    return wire::ipv4_is_loopback(address) ? route_type::local : route_type::unicast;
}

bool route_table::is_bad_source(uint32_t address) const {
    if (wire::ipv4_is_this_network(address) || wire::ipv4_is_loopback(address) ||
        wire::ipv4_is_multicast(address) || wire::ipv4_is_reserved(address)) {
        return true;
    }
    return classify(address, nullptr) != route_type::unicast;
}

const route* route_table::find(const flow& want, bool* rejected) const {
    for (const route& entry : routes_in_use()) {
        if ((want.destination & entry.key.netmask) != entry.key.destination) {
            continue;
        }
        if (entry.key.reject) {
            *rejected = true;
            return nullptr;
        }
        const bool device_fits = want.device == 0 || entry.key.device->index == want.device;
        if (device_fits && is_up(*entry.key.device) && !(want.on_link && entry.key.gateway != 0)) {
            return &entry;
        }
    }
    return nullptr;
}

const path_mtu* route_table::known_path(uint32_t destination, port::time_ns now) const {
    for (unsigned i = 0; i < path_mtu_count; i++) {
        if (path_mtus[i].destination == destination && path_mtus[i].expires_at > now) {
            return &path_mtus[i];
        }
    }
    return nullptr;
}

void route_table::changed() {
    __atomic_add_fetch(&generation, 1, __ATOMIC_RELEASE);
}

void route_table::insert(const route_key& key, bool connected) {
    unsigned at = 0;
    while (at < route_count && !goes_before(key, routes[at].key)) {
        at++;
    }
    for (unsigned i = route_count; i > at; i--) {
        routes[i] = routes[i - 1];
    }
    routes[at] = {.key = key, .connected = connected};
    route_count++;
    changed();
}

void route_table::erase(unsigned index) {
    for (unsigned i = index + 1; i < route_count; i++) {
        routes[i - 1] = routes[i];
    }
    route_count--;
    changed();
}

void route_table::erase_routes_of(const net_device& device, bool only_connected) {
    for (unsigned i = route_count; i-- > 0;) {
        if (routes[i].key.device == &device && (!only_connected || routes[i].connected)) {
            erase(i);
        }
    }
}

void route_table::connect_subnet(const interface_address& entry) {
    const uint32_t subnet = entry.address & entry.netmask;
    if (entry.netmask != 0xffffffff && is_up(*entry.device) && route_count < max_routes) {
        insert({.destination = subnet, .netmask = entry.netmask, .device = entry.device}, true);
    }
}

} // namespace net
