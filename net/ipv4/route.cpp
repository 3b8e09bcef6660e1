// The routing table: two small arrays, one of interface addresses and one of routes that is kept sorted by
// prefix length (longest first), then metric. A host has a handful of routes, so the first match of a walk
// is found faster than a tree would be descended; senders keep the answer anyway.
//
// Every change raises the generation. A route_entry carries the generation it was made in; a sender whose
// entry is older asks again. That is how a DHCP lease reaches sockets that were opened before it.

#include "net/ipv4/route.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/lib/byte_order.hpp"
#include "net/ipv4/arp.hpp"
#include "net/ipv4/route_table.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

#include <new>

namespace net {
namespace {

constexpr uint32_t smallest_path_mtu = 552; ///< Linux: net.ipv4.route.min_pmtu
constexpr port::time_ns path_mtu_lifetime = 600 * port::second;

bool same_route(const route& have, const route_key& want) {
    return have.key.destination == want.destination && have.key.netmask == want.netmask &&
           have.key.metric == want.metric && have.key.reject == want.reject;
}

/// Ones, then zeros: the inverse plus one is a power of two.
bool is_netmask(uint32_t mask) {
    const uint32_t host_bits = ~mask;
    return (host_bits & (host_bits + 1)) == 0;
}

} // namespace

namespace {

/// The device for a destination that no route names: broadcast and groups. First the wishes of the sender,
/// then the first device that can.
net_device* link_for(const stack& in, const route_table& table, const flow& want, uint32_t needed_flag) {
    if (want.source != 0) {
        const interface_address* owner = table.owner_of(want.source);
        if (owner != nullptr && (owner->device->flags & needed_flag) != 0) {
            return owner->device;
        }
    }
    bool rejected = false;
    if (const route* entry = table.find(want, &rejected); entry != nullptr) {
        return entry->key.device;
    }
    for (const interface_address& entry : table.addresses_in_use()) {
        if ((entry.device->flags & needed_flag) != 0 && is_up(*entry.device)) {
            return entry.device;
        }
    }
    return (in.loopback->flags & needed_flag) != 0 ? in.loopback : nullptr;
}

/// Fills device, next hop and type. `asked` is the device that the sender wants, or nullptr.
lib::result<void> resolve(const stack& in, const route_table& table, const flow& want, net_device* asked,
                          route_entry& entry) {
    entry.type = table.classify(want.destination, nullptr);
    entry.next_hop = want.destination;
    if (entry.type == route_type::local) {
        entry.device = in.loopback;
        return {};
    }
    if (entry.type == route_type::multicast || want.destination == wire::ipv4_limited_broadcast) {
        const auto flag =
            static_cast<uint32_t>(entry.type == route_type::multicast ? IFF_MULTICAST : IFF_BROADCAST);
        entry.device = asked != nullptr ? asked : link_for(in, table, want, flag);
        return entry.device != nullptr ? lib::result<void>() : lib::error{ENETUNREACH};
    }
    bool rejected = false;
    const route* found = table.find(want, &rejected);
    if (found != nullptr) {
        entry.device = found->key.device;
        entry.next_hop = found->key.gateway != 0 ? found->key.gateway : want.destination;
        return {};
    }
    if (rejected) {
        return lib::error{EHOSTUNREACH};
    }
    if (asked == nullptr) {
        return lib::error{ENETUNREACH};
    }
    entry.device = asked; // the sender insists on a device: the destination is taken to be on its link
    return {};
}

} // namespace

// ---- looking up ------------------------------------------------------------------------------------------

lib::result<route_entry> route_output(stack& in, const flow& wanted) {
    flow want = wanted;
    if (want.destination == 0) {
        want.destination = want.source != 0 ? want.source : 0x7f000001; // Linux: "this host"
    }
    net_device* asked = nullptr;
    if (want.device != 0) {
        asked = in.find_device(want.device);
        if (asked == nullptr) {
            return lib::error{ENODEV};
        }
        if (!is_up(*asked)) {
            return lib::error{ENETDOWN};
        }
    }
    route_table& table = *in.routes;
    port::guard held(table.lock);
    if (want.source != 0 && table.classify(want.source, nullptr) != route_type::local) {
        return lib::error{EINVAL};
    }
    route_entry entry;
    entry.asked = wanted;
    TRY(resolve(in, table, want, asked, entry));
    if (!is_up(*entry.device)) {
        return lib::error{ENETDOWN};
    }
    entry.destination = want.destination;
    entry.source = want.source;
    if (entry.source == 0 && entry.type == route_type::local) {
        entry.source = want.destination;
    } else if (entry.source == 0) {
        const interface_address* own = table.address_of(*entry.device, entry.next_hop);
        entry.source = own != nullptr ? own->address : 0;
    } else if (wire::ipv4_is_loopback(entry.source) && entry.type != route_type::local) {
        return lib::error{EINVAL};
    }
    entry.mtu = entry.device->mtu;
    const path_mtu* known = table.known_path(want.destination, port::now());
    if (known != nullptr && known->mtu < entry.mtu) {
        entry.mtu = known->mtu;
        entry.expires_at = known->expires_at;
    }
    entry.generation = table.generation;
    return entry;
}

void routes_forget_answers(stack& in) {
    in.routes->changed();
}

bool route_valid(const stack& in, const route_entry& kept) {
    return kept.generation == __atomic_load_n(&in.routes->generation, __ATOMIC_ACQUIRE) &&
           (kept.expires_at == port::never || port::now() < kept.expires_at);
}

route_type classify_destination(stack& in, uint32_t address, const net_device* arrived) {
    port::guard held(in.routes->lock);
    return in.routes->classify(address, arrived);
}

bool is_local_address(stack& in, uint32_t address) {
    return classify_destination(in, address, nullptr) == route_type::local;
}

bool is_bad_source(stack& in, uint32_t address) {
    port::guard held(in.routes->lock);
    return in.routes->is_bad_source(address);
}

packet_addresses classify_packet(stack& in, uint32_t source, uint32_t destination,
                                 const net_device* arrived) {
    // Packets come in trains: the next one is mostly of the same flow.
    route_table& table = *in.routes;
    auto& last = table.last_packet;
    if (last.generation == __atomic_load_n(&table.generation, __ATOMIC_ACQUIRE) && last.source == source &&
        last.destination == destination && last.device == arrived) {
        return last.answer;
    }
    port::guard held(table.lock);
    last = {.generation = table.generation,
            .source = source,
            .destination = destination,
            .device = arrived,
            .answer = {.destination = table.classify(destination, arrived),
                       .bad_source = table.is_bad_source(source)}};
    return last.answer;
}

void route_update_mtu(stack& in, uint32_t destination, uint32_t mtu) {
    route_table& table = *in.routes;
    port::guard held(table.lock);
    const port::time_ns now = port::now();
    unsigned slot = 0;
    while (slot < table.path_mtu_count && table.path_mtus[slot].destination != destination) {
        slot++;
    }
    // Errors only ever lower what is known; raising it is a matter of time (RFC 1191 §6.3), not of claims.
    if (slot < table.path_mtu_count && table.path_mtus[slot].expires_at > now &&
        table.path_mtus[slot].mtu <= mtu) {
        return;
    }
    if (slot == route_table::max_path_mtus) {
        slot = 0; // full: the one that expires first makes room
        for (unsigned i = 1; i < table.path_mtu_count; i++) {
            slot = table.path_mtus[i].expires_at < table.path_mtus[slot].expires_at ? i : slot;
        }
    } else if (slot == table.path_mtu_count) {
        table.path_mtu_count++;
    }
    table.path_mtus[slot] = {.destination = destination,
                             .mtu = mtu > smallest_path_mtu ? mtu : smallest_path_mtu,
                             .expires_at = now + path_mtu_lifetime};
    table.changed();
}

// ---- addresses -------------------------------------------------------------------------------------------

lib::result<interface_address> find_interface_address(stack& in, const net_device& device, uint32_t near) {
    port::guard held(in.routes->lock);
    const interface_address* found = in.routes->address_of(device, near);
    if (found == nullptr) {
        return lib::error{EADDRNOTAVAIL};
    }
    return *found;
}

lib::result<void> set_interface_address(stack& in, net_device& device, uint32_t address, uint32_t netmask,
                                        uint32_t broadcast) {
    if (!is_netmask(netmask) || wire::ipv4_is_multicast(address) || wire::ipv4_is_reserved(address)) {
        return lib::error{EINVAL};
    }
    {
        route_table& table = *in.routes;
        port::guard held(table.lock);
        unsigned slot = 0;
        while (slot < table.address_count && table.addresses[slot].device != &device) {
            slot++;
        }
        if (address == 0) {
            if (slot < table.address_count) {
                table.erase_routes_of(device, false);
                table.addresses[slot] = table.addresses[--table.address_count];
                table.changed();
            }
            return {};
        }
        if (slot == route_table::max_addresses) {
            return lib::error{ENOBUFS};
        }
        if (slot == table.address_count) {
            table.address_count++;
        } else {
            table.erase_routes_of(device, true);
        }
        table.addresses[slot] = {
            .device = &device, .address = address, .netmask = netmask, .broadcast = broadcast};
        table.connect_subnet(table.addresses[slot]);
        table.changed();
    }
    arp_announce(in, device, address);
    return {};
}

// ---- routes ----------------------------------------------------------------------------------------------

lib::result<void> add_route(stack& in, const route_key& which) {
    if ((which.destination & ~which.netmask) != 0 || !is_netmask(which.netmask)) {
        return lib::error{EINVAL};
    }
    route_table& table = *in.routes;
    port::guard held(table.lock);
    route_key key = which;
    if (key.gateway != 0) {
        bool rejected = false;
        const flow to_gateway = {.destination = key.gateway,
                                 .device = key.device != nullptr ? key.device->index : 0,
                                 .on_link = true};
        const route* link = table.find(to_gateway, &rejected);
        if (link == nullptr || table.classify(key.gateway, nullptr) != route_type::unicast) {
            return lib::error{ENETUNREACH};
        }
        key.device = link->key.device;
    }
    if (key.reject) {
        key.device = in.loopback;
    }
    if (key.device == nullptr) {
        return lib::error{ENODEV};
    }
    if (!is_up(*key.device)) {
        return lib::error{ENETDOWN};
    }
    for (const route& have : table.routes_in_use()) {
        if (same_route(have, key)) {
            return lib::error{EEXIST};
        }
    }
    if (table.route_count == route_table::max_routes) {
        return lib::error{ENOBUFS};
    }
    table.insert(key, false);
    return {};
}

lib::result<void> remove_route(stack& in, const route_key& which) {
    route_table& table = *in.routes;
    port::guard held(table.lock);
    for (unsigned i = 0; i < table.route_count; i++) {
        const route_key& have = table.routes[i].key;
        const bool fits = have.destination == which.destination && have.netmask == which.netmask &&
                          (which.gateway == 0 || which.gateway == have.gateway) &&
                          (which.device == nullptr || which.device == have.device) &&
                          (which.metric == 0 || which.metric == have.metric);
        if (fits) {
            table.erase(i);
            return {};
        }
    }
    return lib::error{ESRCH};
}

void routes_device_down(stack& in, net_device& device) {
    port::guard held(in.routes->lock);
    in.routes->erase_routes_of(device, false);
    in.routes->changed();
}

void routes_device_up(stack& in, net_device& device) {
    uint32_t announced = 0;
    {
        route_table& table = *in.routes;
        port::guard held(table.lock);
        for (const interface_address& entry : table.addresses_in_use()) {
            if (entry.device == &device) {
                table.connect_subnet(entry);
                announced = entry.address;
            }
        }
        table.changed();
    }
    if (announced != 0) {
        arp_announce(in, device, announced);
    }
}

void routes_device_gone(stack& in, net_device& device) {
    (void)set_interface_address(in, device, 0, 0, 0);
}

lib::result<route_table*> create_route_table() {
    void* memory = port::allocate(sizeof(route_table), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    return new (memory) route_table;
}

void destroy_route_table(route_table* table) {
    table->~route_table();
    port::release(table);
}

} // namespace net
