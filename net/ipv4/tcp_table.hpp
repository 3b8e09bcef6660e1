#pragma once
// tcp_table: all of TCP that belongs to a stack rather than to a connection. Above all how segments find
// their connection: a hash table of connections and TIME_WAIT remains by the four-tuple, and a small one of
// listeners by port. The hash is keyed (SipHash), so that a peer cannot choose collisions. Whoever finds an
// entry holds a reference.

#include "kernel/lib/ref.hpp"
#include "kernel/lib/siphash.hpp"
#include "net/ipv4/tcp.hpp"
#include "net/ipv4/tcp_time_wait.hpp"
#include "net/port.hpp"

#include <cstddef>
#include <cstdint>

namespace net {

struct tcp_table {
    static constexpr unsigned connection_buckets = 4096;
    static constexpr unsigned listener_buckets = 64;

    // Fixed: secrets made when the stack was.
    lib::siphash_key hash_key;
    lib::siphash_key isn_key;
    lib::siphash_key timestamp_key;
    lib::siphash_key cookie_key[2];
    /// Where the sequence numbers of a connection start: tcp_initial_sequence(), but a test may want them
    /// elsewhere, just below the wrap say.
    wire::seq (*initial_sequence)(stack& in, const tcp_key& key);

    // Guarded by lock, which may be taken while a sock is held.
    port::lock lock{port::lock_rank::connection_table};
    lib::list<tcp_endpoint, &tcp_endpoint::link> connections[connection_buckets];
    lib::list<tcp_sock, &tcp_sock::listener_link> listeners[listener_buckets];
    unsigned connection_count = 0;
    unsigned time_wait_count = 0;
    tcp_sock* last_found = nullptr; ///< the connection of the last segment: the next is likely its too

    lib::list<tcp_sock, &tcp_sock::batch_link> batch; ///< see tcp_batch.hpp; each holds a reference

    // Atomic.
    unsigned orphan_count = 0;
    uint32_t reset_tokens = 0; ///< resets that may still be sent in this second
    port::time_ns reset_second = 0;
};

/// What a lookup found: at most one of the two.
struct tcp_found {
    lib::ref<tcp_sock> connection;
    lib::ref<tcp_time_wait> remains;
};

/// The connection or TIME_WAIT remains with exactly this key.
tcp_found tcp_find_connection(stack& in, const tcp_key& key);
/// The listener that fits best: one bound to the address before one bound to none. Of several that are equal
/// (SO_REUSEPORT) a client always meets the same one.
lib::ref<tcp_sock> tcp_find_listener(stack& in, const tcp_key& key, unsigned device);

/// Adds a connection under the key, or fails with EADDRINUSE (EADDRNOTAVAIL is the caller's to make of it).
/// The table holds a reference until tcp_unhash(). TIME_WAIT remains with this key are replaced if they agree
/// (RFC 6191).
lib::result<void> tcp_hash_connection(tcp_sock& sk, const tcp_key& key);
void tcp_hash_listener(tcp_sock& sk);
/// Takes a connection or a listener out of the tables, if it is in one. The caller holds a reference.
void tcp_unhash(tcp_sock& sk);
/// Whether the four-tuple of this sock with that local port is in use: a tuple_taken of ports.hpp.
bool tcp_tuple_taken(inet_sock& sk, uint16_t local_port);

/// Puts remains under the key of the connection that they are left from, before that leaves.
void tcp_hash_time_wait(tcp_sock& successor_of, tcp_time_wait& remains);
/// False when they were not in the table any more. Does not give back the table's reference: the caller does.
bool tcp_unhash_time_wait(tcp_time_wait& remains);

/// RFC 6528: a clock of 4 µs plus a keyed hash of the four-tuple.
wire::seq tcp_initial_sequence(stack& in, const tcp_key& key);
/// Where the timestamps of connections between these hosts start (RFC 7323 §7.1).
uint32_t tcp_timestamp_offset(stack& in, const tcp_key& key);
/// The millisecond clock of timestamps, without any offset.
inline uint32_t tcp_timestamp_clock() {
    return static_cast<uint32_t>(port::now() / port::millisecond);
}

/// Calls what() for every connection, listener and TIME_WAIT entry, with references taken bucket by bucket.
struct tcp_visitor {
    void* context;
    void (*connection)(void* context, tcp_sock& sk);
    void (*remains)(void* context, const tcp_time_wait& remains);
};
void tcp_visit(stack& in, const tcp_visitor& visitor);

} // namespace net
