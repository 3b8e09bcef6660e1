#pragma once
// Why packets end early. drop() is the only way to lose one: it counts the reason, traces it and frees the
// packet. The counters are in /proc/net/drops, a test provokes each.

#include "net/core/sk_buff.hpp"

#include <cstdint>

namespace net {

/// name, text in /proc/net/drops. A reason belongs to the layer that its first word names.
#define NET_DROP_REASONS(REASON)                                                                             \
    REASON(device_down)                                                                                      \
    REASON(device_queue_full)                                                                                \
    REASON(device_backlog_full)                                                                              \
    REASON(eth_too_short)                                                                                    \
    REASON(eth_bad_source)                                                                                   \
    REASON(eth_other_host)                                                                                   \
    REASON(eth_unknown_protocol)                                                                             \
    REASON(arp_malformed)                                                                                    \
    REASON(arp_bad_address)                                                                                  \
    REASON(arp_not_ours)                                                                                     \
    REASON(arp_rate_limited)                                                                                 \
    REASON(arp_table_full)                                                                                   \
    REASON(arp_queue_full)                                                                                   \
    REASON(arp_unresolved)                                                                                   \
    REASON(ip_too_short)                                                                                     \
    REASON(ip_bad_header)                                                                                    \
    REASON(ip_bad_checksum)                                                                                  \
    REASON(ip_bad_options)                                                                                   \
    REASON(ip_source_route)                                                                                  \
    REASON(ip_martian_source)                                                                                \
    REASON(ip_martian_destination)                                                                           \
    REASON(ip_not_ours)                                                                                      \
    REASON(ip_no_route)                                                                                      \
    REASON(ip_ttl_exceeded)                                                                                  \
    REASON(ip_too_big)                                                                                       \
    REASON(ip_unknown_protocol)                                                                              \
    REASON(ip_fragment_malformed)                                                                            \
    REASON(ip_fragment_overlap)                                                                              \
    REASON(ip_fragment_limit)                                                                                \
    REASON(ip_fragment_timeout)                                                                              \
    REASON(icmp_too_short)                                                                                   \
    REASON(icmp_bad_checksum)                                                                                \
    REASON(icmp_broadcast)                                                                                   \
    REASON(icmp_unknown_type)                                                                                \
    REASON(icmp_ignored)                                                                                     \
    REASON(icmp_malformed_quote)                                                                             \
    REASON(icmp_rate_limited)                                                                                \
    REASON(udp_too_short)                                                                                    \
    REASON(udp_bad_length)                                                                                   \
    REASON(udp_bad_checksum)                                                                                 \
    REASON(udp_no_socket)                                                                                    \
    REASON(tcp_too_short)                                                                                    \
    REASON(tcp_bad_offset)                                                                                   \
    REASON(tcp_bad_checksum)                                                                                 \
    REASON(tcp_not_unicast)                                                                                  \
    REASON(tcp_no_socket)                                                                                    \
    REASON(tcp_bad_flags)                                                                                    \
    REASON(tcp_out_of_window)                                                                                \
    REASON(tcp_old_duplicate)                                                                                \
    REASON(tcp_bad_ack)                                                                                      \
    REASON(tcp_paws)                                                                                         \
    REASON(tcp_bad_reset)                                                                                    \
    REASON(tcp_unexpected_syn)                                                                               \
    REASON(tcp_listen_overflow)                                                                              \
    REASON(tcp_accept_deferred)                                                                              \
    REASON(tcp_out_of_order_limit)                                                                           \
    REASON(tcp_zero_window)                                                                                  \
    REASON(tcp_after_close)                                                                                  \
    REASON(tcp_time_wait)                                                                                    \
    REASON(socket_receive_full)                                                                              \
    REASON(socket_closed)                                                                                    \
    REASON(no_memory)

enum class drop_reason : uint8_t {
#define REASON(name) name,
    NET_DROP_REASONS(REASON)
#undef REASON
        count
};

const char* drop_reason_name(drop_reason reason);

/// Ends a packet: counts, traces, frees. Worker and process context.
void drop(skb_ptr skb, drop_reason reason);
/// Counts a loss for which there was no packet yet, such as a failed allocation.
void count_drop(stack& in, drop_reason reason);

} // namespace net
