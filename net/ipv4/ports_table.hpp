#pragma once
// The inside of the port tables; lookups of UDP and ping sockets and /proc/net/udp walk them.

#include "kernel/lib/siphash.hpp"
#include "net/ipv4/ports.hpp"

namespace net {

/// The socks on one port number (and on others that hash alike).
struct inet_bind_bucket {
    lib::list<inet_sock, &inet_sock::port_link> socks;
    lib::list<port_remains, &port_remains::link> remains;
};

/// The ports of one protocol.
struct inet_port_table {
    static constexpr unsigned bucket_count = 512;

    port::lock lock{port::lock_rank::protocol_table};
    inet_bind_bucket buckets[bucket_count]; ///< guarded by lock
    unsigned sock_count = 0;
    uint64_t shared_packets = 0; ///< see give_to_each()

    inet_bind_bucket& bucket_of(uint16_t port) { return buckets[port % bucket_count]; }
};

struct inet_ports {
    inet_port_table spaces[port_space_count];
    lib::siphash_key hash_key = {};
    /// Steps of the double-hash selection (RFC 6056 §3.3.4): one counter per group of destinations.
    static constexpr unsigned step_counters = 64;
    uint32_t steps[step_counters] = {}; ///< atomic

    inet_port_table& operator[](port_space space) { return spaces[static_cast<unsigned>(space)]; }
};

/// The port table that a sock of this protocol uses.
port_space space_of(const inet_sock& sk);

} // namespace net
