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
#include "net/core/sk_buff.hpp"
#include "net/core/timer.hpp"

#include <cstdint>

namespace net {

enum class neighbour_state : uint8_t { incomplete, reachable, stale, delay, probe, failed, permanent };

struct neighbour;

/// The clock of one neighbour. Holds a reference to it while pending.
struct neighbour_timer : timer {
    explicit neighbour_timer(neighbour& serves);
    neighbour& owner;
};

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
    port::time_ns confirmed_at = 0; ///< when we last heard that it is right; atomic
    port::time_ns delayed_at = 0;   ///< when `delay` began
    uint32_t source_hint = 0;       ///< the address of ours to ask with
    bool referenced = false;        ///< used since eviction last looked; atomic, see note_use()
    skb_queue waiting;              ///< for an answer; at most arp_queue_limit datagrams
    neighbour_timer state_timer;
    lib::list_link bucket_link;
    lib::list_link age_link;
    bool in_table = false;

    static void release_last(neighbour* which);

    /// Somebody sends to it. No lock; writes only when there is news, for all senders share this line.
    void note_use() {
        if (!__atomic_load_n(&referenced, __ATOMIC_RELAXED)) {
            __atomic_store_n(&referenced, true, __ATOMIC_RELAXED);
        }
    }
    /// Whether somebody did since the last question.
    bool take_use() { return __atomic_exchange_n(&referenced, false, __ATOMIC_RELAXED); }
};

} // namespace net
