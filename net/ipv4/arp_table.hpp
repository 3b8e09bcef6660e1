#pragma once
// The inside of the neighbour table; arp.cpp, arp_input.cpp and /proc/net/arp look at it.

#include "kernel/lib/siphash.hpp"
#include "net/ipv4/arp.hpp"

namespace net {

constexpr port::time_ns reachable_base = 30 * port::second; ///< RFC 4861 §10, REACHABLE_TIME
constexpr port::time_ns stale_lifetime = 60 * port::second; ///< Linux: gc_stale_time

/// Between half and one and a half of the base, so that hosts that start together do not stay in step
/// (RFC 4861 §6.3.2).
inline port::time_ns reachable_time() {
    return reachable_base / 2 + port::random_u32() % reachable_base;
}

inline bool is_resolved(neighbour_state state) {
    return state != neighbour_state::incomplete && state != neighbour_state::failed;
}

struct arp_table {
    static constexpr unsigned bucket_count = 256;

    port::lock lock{port::lock_rank::neighbour};
    lib::siphash_key hash_key = {};

    // Guarded by lock.
    lib::list<neighbour, &neighbour::bucket_link> buckets[bucket_count];
    lib::list<neighbour, &neighbour::age_link> ages; ///< all of them; the next to be evicted first
    unsigned count = 0;
    unsigned incomplete = 0;
    port::time_ns defended_at = 0;     ///< when we last answered a claim to our address
    port::time_ns reply_credit_at = 0; ///< token bucket of replies
    unsigned reply_credit = 0;

    unsigned bucket_of(const net_device& device, uint32_t address) const;
    neighbour* find(const net_device& device, uint32_t address);
    /// A new entry in state incomplete, evicting another if the table is full; nullptr when there is no room.
    neighbour* create(stack& in, net_device& device, uint32_t address);
    void remove(neighbour& entry);
    bool evict_one();
    void set_state(neighbour& entry, neighbour_state state);
    void start_timer(neighbour& entry, port::time_ns after);
    void stop_timer(neighbour& entry);
    /// The hardware address is known: enters the state and moves what waited to `ready`.
    void resolved(neighbour& entry, const uint8_t* mac, neighbour_state state, skb_queue& ready);
};

/// Asks for an address, by broadcast or from one neighbour. Any lock of rank neighbour or below is held.
void arp_send_request(stack& in, net_device& device, uint32_t target, uint32_t source_hint,
                      const uint8_t* unicast_to);
/// Sends what waited for an answer. No lock held.
void arp_flush_ready(skb_queue& ready, const uint8_t* mac);

} // namespace net
