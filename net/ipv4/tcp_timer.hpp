#pragma once
// What time does to a connection: retransmission and window probes, delayed ACKs, keepalive and the time
// limits of states. Each pending timer holds a reference to its sock. All functions: sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

constexpr port::time_ns tcp_delayed_ack_minimum = 40 * port::millisecond;
constexpr port::time_ns tcp_delayed_ack_maximum = 200 * port::millisecond;
constexpr port::time_ns tcp_ack_timeout_initial = 40 * port::millisecond;

// What the user chose with an option, or else the parameter of the stack.
unsigned tcp_syn_retry_limit(const tcp_sock& sk);
port::time_ns tcp_keepalive_idle(const tcp_sock& sk);
port::time_ns tcp_keepalive_interval(const tcp_sock& sk);
unsigned tcp_keepalive_limit(const tcp_sock& sk);
/// How long an orphan may stay in FIN_WAIT_2.
port::time_ns tcp_fin_wait_limit(const tcp_sock& sk);

/// Starts the retransmission timer afresh, for the purpose and after the delay. Cheap when it is running
/// already for an earlier moment: it then fires once in vain and moves itself.
void tcp_arm_retransmit(tcp_sock& sk, tcp_timer_purpose purpose, port::time_ns delay);
void tcp_stop_retransmit(tcp_sock& sk);
/// Restarts it after an ACK: for what is still in flight, or not at all (RFC 6298 §5.2, §5.3).
void tcp_rearm_retransmit(tcp_sock& sk);
/// Starts the persist timer if data waits for a window that nothing in flight will open (RFC 9293 §3.8.6.1).
void tcp_check_probe_timer(tcp_sock& sk);
/// Time until the next window probe.
port::time_ns tcp_probe_delay(const tcp_sock& sk);

void tcp_arm_delayed_ack(tcp_sock& sk, port::time_ns deadline);
void tcp_arm_keepalive(tcp_sock& sk, port::time_ns delay);
void tcp_stop_keepalive(tcp_sock& sk);
void tcp_stop_timers(tcp_sock& sk);

// The functions that the wheel calls.
void tcp_retransmit_expired(timer& expired);
void tcp_delayed_ack_expired(timer& expired);
void tcp_keepalive_expired(timer& expired);

} // namespace net
