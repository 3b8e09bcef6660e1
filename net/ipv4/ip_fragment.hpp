#pragma once
// Fragments: cutting packets that do not fit, and putting together what others cut (RFC 791 §3.2, RFC 815).
//
// Lock: reassembly_table::lock (rank reassembly).

#include "net/core/sk_buff.hpp"

#include <cstdint>

namespace net {

struct reassembly_table;

// Limits of reassembly: memory by truesize and half-finished datagrams, each in all and per source, and
// pieces of one.
constexpr uint32_t reassembly_memory_limit = 1 << 20;
constexpr uint32_t reassembly_source_memory_limit = reassembly_memory_limit / 4;
constexpr unsigned reassembly_datagram_limit = 64;
constexpr unsigned reassembly_per_source_limit = 16;
constexpr unsigned reassembly_fragment_limit = 64;
constexpr port::time_ns reassembly_timeout = 30 * port::second;

/// Cuts a packet (data at its IP header) into fragments of at most mtu bytes: ENOBUFS.
lib::result<void> ip_fragment_output(skb_ptr skb, uint32_t mtu, skb_queue& fragments);

/// Takes a fragment (data at its checked IP header) and gives back the whole packet once nothing is missing,
/// else nothing. Worker context.
skb_ptr ip_reassemble(stack& in, skb_ptr fragment);

/// The next value of the identification field between two hosts.
uint16_t ip_next_identification(stack& in, uint32_t source, uint32_t destination, uint8_t protocol);

/// Half-finished datagrams and the memory they hold, for /proc/net/sockstat.
struct reassembly_usage {
    unsigned datagrams;
    uint32_t bytes;
};
reassembly_usage ip_reassembly_usage(stack& in);

lib::result<reassembly_table*> create_reassembly_table(stack& in);
/// Frees what is half-finished, too.
void destroy_reassembly_table(reassembly_table* table);

} // namespace net
