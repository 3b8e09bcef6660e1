#pragma once
// Round-trip time and the retransmission timeout derived from it (RFC 6298). All functions: sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

constexpr port::time_ns tcp_rto_initial = port::second;            ///< RFC 6298 §2.1
constexpr port::time_ns tcp_rto_unmeasured = 3 * port::second;     ///< RFC 6298 §5.7
constexpr port::time_ns tcp_rto_minimum = 200 * port::millisecond; ///< Linux; RFC 6298 §2.4 would say 1 s
constexpr port::time_ns tcp_rto_maximum = 120 * port::second;      ///< Linux; RFC 6298 §2.5 asks for >= 60 s

/// Takes a measurement into the estimate and recomputes the timeout, which also ends any backoff.
void tcp_take_rtt_sample(tcp_sock& sk, uint32_t rtt_us);
/// The handshake is over: if its SYN was sent twice there is no sample of it, unless a timestamp gives one.
void tcp_begin_rtt(tcp_sock& sk);
/// Recomputes the timeout from the estimate.
void tcp_update_rto(tcp_sock& sk);
/// The timeout with its backoff, as the timer is to be set.
port::time_ns tcp_backed_off(port::time_ns base, unsigned backoff);
/// The timestamps that the connection sends: the millisecond clock from a random start.
uint32_t tcp_timestamp_now(const tcp_sock& sk);
/// RTT in microseconds that an echoed timestamp proves, or 0 when it proves nothing.
uint32_t tcp_rtt_from_echo(const tcp_sock& sk);
/// The same of a SYN or SYN-ACK. If that was sent again, what answers it may echo the first copy, whose
/// answer was lost; copies are at least the first timeout apart, so a younger echo is of the last one.
uint32_t tcp_rtt_of_handshake(const tcp_sock& sk);

} // namespace net
