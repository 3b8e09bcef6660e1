#pragma once
// Neighbours: which hardware address a next hop has, found out by ARP (RFC 826, RFC 5227).
//
//   none ──first packet──> incomplete ──reply──> reachable ──30 s──> stale ──packet──> delay ──5 s──> probe
//                              │ 3 requests unanswered                  ^                 │confirmed      │
//                              v                                        └─────────────────┴──> reachable  │
//                            failed <──────────────────────── 3 unicast requests unanswered ──────────────┘
//
// Replies that nobody asked for create nothing. A neighbour that a route_entry still holds is not evicted.
// Lock: arp_table::lock (rank neighbour). The hardware address is also published as one 64-bit word, so that
// sending to a known neighbour takes no lock.

#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "net/core/net_device.hpp"
#include "net/core/timer.hpp"
#include "net/ipv4/route.hpp"

#include <cstdint>

namespace net {

enum class neighbour_state : uint8_t { incomplete, reachable, stale, delay, probe, failed, permanent };

struct neighbour : lib::ref_counted {
    neighbour(stack& in, net_device& on, uint32_t host_address);

    stack* const owner_stack;
    net_device* const device;
    const uint32_t address; ///< host order

    /// The hardware address in the low 48 bits and usable_bit, or 0: ask under the lock. Atomic.
    uint64_t hardware_word = 0;
    static constexpr uint64_t usable_bit = uint64_t{1} << 63;

    // Guarded by arp_table::lock.
    neighbour_state state = neighbour_state::incomplete;
    uint8_t mac[6] = {};
    unsigned probes = 0;
    port::time_ns updated_at = 0;   ///< when mac last changed
    port::time_ns confirmed_at = 0; ///< when we last heard that it is right; also written without the lock
    port::time_ns used_at = 0;      ///< for eviction, by the second
    skb_queue waiting;              ///< for an answer; at most arp_queue_limit
    timer state_timer;              ///< holds a reference while pending
    lib::list_link bucket_link;
    lib::list_link age_link;
    bool in_table = false;

    static void release_last(neighbour* which);
};

constexpr unsigned arp_table_limit = 512;
constexpr unsigned arp_incomplete_limit = 64;
constexpr unsigned arp_queue_limit = 3;

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

struct report_writer;
void report_arp(stack& in, report_writer& to); ///< /proc/net/arp

} // namespace net
