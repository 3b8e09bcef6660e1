#pragma once
// ARP (RFC 826, RFC 5227): sending through neighbours (neighbour.hpp) and keeping their table.

#include "net/core/net_device.hpp"
#include "net/ipv4/neighbour.hpp"
#include "net/ipv4/route.hpp"

#include <cstdint>

namespace net {

struct arp_table;

constexpr unsigned arp_table_limit = 512;
constexpr unsigned arp_incomplete_limit = 64;
constexpr unsigned arp_queue_limit = 3; ///< datagrams that wait for one answer

/// Sends a packet (data at the IP header, device set) to the next hop of a route, finding out its hardware
/// address first if need be. The route keeps the neighbour for the next packet. Worker and process context,
/// at most locks of rank sock held.
void neighbour_output(skb_ptr skb, route_entry& route);

/// The neighbour answered in some other way (a TCP ACK): no probe is needed for a while. No lock needed.
void neighbour_confirm(neighbour& which);

/// Tells the link about an address of ours (gratuitous ARP): after it was set.
void arp_announce(stack& in, net_device& device, uint32_t address);

/// SIOCSARP, SIOCDARP, SIOCGARP. ENXIO: no such entry; ENOBUFS: table full.
struct arp_entry {
    uint32_t address = 0;
    net_device* device = nullptr;
    uint8_t mac[6] = {};
    bool permanent = false;
    bool complete = false;
};
lib::result<void> arp_set(stack& in, const arp_entry& entry);
lib::result<void> arp_delete(stack& in, uint32_t address, net_device* device);
lib::result<arp_entry> arp_get(stack& in, uint32_t address, net_device* device);

/// Forgets every neighbour on a device.
void arp_device_down(stack& in, net_device& device);

lib::result<arp_table*> create_arp_table(stack& in);
void destroy_arp_table(arp_table* table);
void arp_init(stack& in);

} // namespace net
