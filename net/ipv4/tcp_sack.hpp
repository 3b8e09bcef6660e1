#pragma once
// Selective acknowledgments (RFC 2018, D-SACK RFC 2883), both ways. All functions: sock_lock held.

#include "net/ipv4/tcp_ack.hpp"

namespace net {

/// Puts the SACK blocks that are to be told into the options, as many as fit beside the timestamp.
void tcp_fill_sack_option(tcp_sock& sk, wire::tcp_options& options);
/// The out-of-order queue now holds [start, end): it is told first from now on.
void tcp_tell_sack(tcp_sock& sk, wire::seq start, wire::seq end);
/// rcv_nxt moved: what is below needs no telling any more.
void tcp_forget_sacks(tcp_sock& sk);
/// [start, end) arrived twice: the next ACK says so.
void tcp_tell_duplicate(tcp_sock& sk, wire::seq start, wire::seq end);

/// Marks what the peer says has arrived.
void tcp_take_sacks(tcp_sock& sk, const wire::tcp_options& options, tcp_ack_event& event);

} // namespace net
