#pragma once
// The inside of the routing table; route.cpp, the ioctls and /proc/net/route look at it.

#include "kernel/abi/netdevice.h"
#include "net/ipv4/route.hpp"

#include <cstdint>
#include <span>

namespace net {

inline bool is_up(const net_device& device) {
    return (device.flags & IFF_UP) != 0;
}

struct route {
    route_key key;
    bool connected = false; ///< made by an interface address, and goes with it
};

struct path_mtu {
    uint32_t destination = 0;
    uint32_t mtu = 0;
    port::time_ns expires_at = 0;
};

struct route_table {
    static constexpr unsigned max_routes = 128;
    static constexpr unsigned max_addresses = 32;
    static constexpr unsigned max_path_mtus = 64;

    port::lock lock{port::lock_rank::route};
    uint64_t generation = 1; ///< raised by every change; atomic

    // Guarded by lock.
    route routes[max_routes]; ///< longest prefix first, then lowest metric, then oldest
    unsigned route_count = 0;
    interface_address addresses[max_addresses];
    unsigned address_count = 0;
    path_mtu path_mtus[max_path_mtus];
    unsigned path_mtu_count = 0;

    /// The last answer of classify_packet(). Only the worker asks, so no lock guards it.
    struct {
        uint64_t generation = 0;
        uint32_t source = 0;
        uint32_t destination = 0;
        const net_device* device = nullptr;
        packet_addresses answer = {};
    } last_packet;

    std::span<const route> routes_in_use() const { return {routes, route_count}; }
    std::span<const interface_address> addresses_in_use() const { return {addresses, address_count}; }

    /// The address of a device to use towards `near`: one of the same subnet, else its first.
    const interface_address* address_of(const net_device& device, uint32_t near) const;
    const interface_address* owner_of(uint32_t address) const;
    route_type classify(uint32_t address, const net_device* arrived) const;
    bool is_bad_source(uint32_t address) const;
    /// The best usable route; *rejected when a rejecting one came first.
    const route* find(const flow& want, bool* rejected) const;
    /// What path MTU discovery has found out lately, or nullptr.
    const path_mtu* known_path(uint32_t destination, port::time_ns now) const;

    void insert(const route_key& key, bool connected);
    void erase(unsigned index);
    void erase_routes_of(const net_device& device, bool only_connected);
    void connect_subnet(const interface_address& entry);
    void changed();
};

} // namespace net
