#pragma once
// Routes and interface addresses: which device, which next hop and which source address lead to a
// destination. Longest prefix first, then the lowest metric, then the oldest. Senders keep the answer
// (route_entry) and ask again when the table's generation has changed.
//
// All addresses are in host order. Lock: route_table::lock (rank route).

#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "net/core/net_device.hpp"
#include "net/ipv4/neighbour.hpp"
#include "net/port.hpp"

#include <cstdint>

namespace net {

class stack;
struct route_table;

enum class route_type : uint8_t {
    unicast,   ///< to the next hop by the device
    local,     ///< one of our own addresses: by loopback
    broadcast, ///< to everybody on the device's link
    multicast, ///< to a group on the device's link
};

/// What a sender wants to know. 0 means "no wish".
struct flow {
    uint32_t destination = 0;
    uint32_t source = 0;
    unsigned device = 0;  ///< only by this interface (SO_BINDTODEVICE, IP_PKTINFO)
    bool on_link = false; ///< only directly connected destinations (SO_DONTROUTE)

    bool operator==(const flow&) const = default;
};

/// The answer. A value that may be kept; see route_valid().
struct route_entry {
    flow asked; ///< the question
    net_device* device = nullptr;
    uint32_t destination = 0;
    uint32_t next_hop = 0;
    uint32_t source = 0;
    uint32_t mtu = 0; ///< of the device, or less when path MTU discovery has found out
    route_type type = route_type::unicast;
    uint64_t generation = 0;                ///< 0: holds no answer
    port::time_ns expires_at = port::never; ///< when a path MTU is to be found out anew
    lib::ref<neighbour> neighbour_entry;    ///< filled by the first packet that goes this way
};

/// ENETUNREACH: no route; EHOSTUNREACH: a rejecting route; EINVAL: the source is not ours; ENODEV; ENETDOWN.
/// Worker and process context, no route lock held.
lib::result<route_entry> route_output(stack& in, const flow& want);

/// No kept answer holds any longer: something that they were made of has changed. No lock held.
void routes_forget_answers(stack& in);
/// Whether a kept answer still holds.
bool route_valid(const stack& in, const route_entry& kept);

/// What an address means to this host when a packet to it arrives on a device (nullptr: on any). Unicast
/// stands for "somebody else's".
route_type classify_destination(stack& in, uint32_t address, const net_device* arrived);
/// Whether the address is one of ours; 127/8 counts.
bool is_local_address(stack& in, uint32_t address);
/// Whether nobody may send from this address: RFC 1122 3.2.1.3, and the broadcast addresses of our subnets.
bool is_bad_source(stack& in, uint32_t address);

/// Both questions about a received packet at once. Worker context.
struct packet_addresses {
    route_type destination;
    bool bad_source;
};
packet_addresses classify_packet(stack& in, uint32_t source, uint32_t destination, const net_device* arrived);

/// Path MTU discovery (RFC 1191): remembers the MTU to a destination for ten minutes. Values below 552 are
/// raised to it, so that forged messages cannot grind a connection to dust, and a message never raises what
/// is known.
void route_update_mtu(stack& in, uint32_t destination, uint32_t mtu);

/// One IPv4 address of an interface.
struct interface_address {
    net_device* device = nullptr;
    uint32_t address = 0;
    uint32_t netmask = 0;
    uint32_t broadcast = 0;
};

/// The address of a device whose subnet has `near` in it, else its first one: EADDRNOTAVAIL.
lib::result<interface_address> find_interface_address(stack& in, const net_device& device, uint32_t near = 0);
/// Gives the device an address, replacing the one it had, and the route to its subnet. Address 0 takes it
/// away. EINVAL, ENOMEM, ENOBUFS.
lib::result<void> set_interface_address(stack& in, net_device& device, uint32_t address, uint32_t netmask,
                                        uint32_t broadcast);

struct route_key {
    uint32_t destination = 0;
    uint32_t netmask = 0;
    uint32_t gateway = 0; ///< 0: on link
    net_device* device = nullptr;
    uint32_t metric = 0;
    bool reject = false;
};
/// EEXIST; ENETUNREACH: the gateway is not on a link; EINVAL: bits of the destination outside the mask;
/// ENOBUFS.
lib::result<void> add_route(stack& in, const route_key& which);
lib::result<void> remove_route(stack& in, const route_key& which); ///< ESRCH

/// A device went away or down: its routes go, and its addresses too when it goes for good.
void routes_device_down(stack& in, net_device& device);
void routes_device_gone(stack& in, net_device& device);
/// A device came up: the route to its subnet comes back.
void routes_device_up(stack& in, net_device& device);

lib::result<route_table*> create_route_table();
void destroy_route_table(route_table* table);

} // namespace net
