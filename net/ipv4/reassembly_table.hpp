#pragma once
// The inside of the table of half-finished datagrams; only ip_fragment.cpp, and tests, look at it.

#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/siphash.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/sk_buff.hpp"
#include "net/core/timer.hpp"

#include <cstdint>

namespace net {

/// What all fragments of one datagram have in common (RFC 791 §3.2).
struct datagram_key {
    uint32_t source;
    uint32_t destination;
    uint16_t identification;
    uint8_t protocol;

    bool operator==(const datagram_key&) const = default;
};

struct reassembly;

struct reassembly_timer : timer {
    explicit reassembly_timer(reassembly& serves);
    reassembly& owner;
};

/// One datagram in the making. Counted: the table holds one reference, a pending timer one.
struct reassembly : lib::ref_counted {
    reassembly(stack& in, const datagram_key& what) : owner_stack(&in), key(what), deadline(*this) {}

    stack* const owner_stack;
    const datagram_key key;
    skb_queue fragments;   ///< sorted by offset; data at the payload
    uint32_t received = 0; ///< payload bytes so far
    uint32_t total = 0;    ///< payload bytes of the datagram, 0 until the last fragment came
    uint32_t memory = 0;   ///< truesize
    bool in_table = true;
    reassembly_timer deadline;
    lib::list_link link;

    static void release_last(reassembly* which) {
        which->fragments.clear();
        which->~reassembly();
        port::release(which);
    }
};

struct reassembly_table {
    static constexpr unsigned identification_counters = 2048;

    port::lock lock{port::lock_rank::reassembly};
    // Guarded by lock.
    lib::list<reassembly, &reassembly::link> datagrams; ///< oldest first
    unsigned count = 0;
    uint32_t memory = 0;

    lib::siphash_key identification_key = {};
    uint32_t identifications[identification_counters] = {}; ///< atomic
};

/// Where a fragment lies; kept in the packet while it waits.
struct fragment_place {
    uint32_t offset;
    uint32_t header_bytes; ///< of its IP header, which lies in front of data
};
static_assert(sizeof(fragment_place) <= sizeof(sk_buff::scratch));

inline fragment_place place_of(const sk_buff& skb) {
    fragment_place place;
    memcpy(&place, skb.scratch, sizeof(place));
    return place;
}

} // namespace net
