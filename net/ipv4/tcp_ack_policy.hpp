#pragma once
// When to acknowledge: at once, with the next data, or when the delayed-ACK timer fires (RFC 9293 §3.8.6.3,
// RFC 5681 §4.2). All functions: sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

/// Takes a new in-order segment into account: learns the peer's pace and segment size, owes an ACK.
void tcp_note_data_received(tcp_sock& sk, const sk_buff& skb);
/// Takes sent data into account: ACKs ride on it.
void tcp_note_data_sent(tcp_sock& sk);
/// An ACK left, in whatever segment.
void tcp_note_ack_sent(tcp_sock& sk);
/// Sends the owed ACK now, at the end of this batch of frames, or arms the timer for it. Worker context.
void tcp_check_ack(tcp_sock& sk);
/// The next few segments are acknowledged at once: after a loss, a hole, or at the start.
void tcp_enter_quick_ack(tcp_sock& sk, unsigned limit);
bool tcp_in_quick_ack(const tcp_sock& sk);
/// Arms the delayed-ACK timer with a delay that fits the peer's pace.
void tcp_send_delayed_ack(tcp_sock& sk);
void tcp_delayed_ack_timeout(tcp_sock& sk);
/// The user has read: tells the peer when the window has opened by much. (Linux: tcp_cleanup_rbuf.)
void tcp_after_read(tcp_sock& sk, size_t copied);

constexpr unsigned tcp_quick_acks_at_start = 16;

} // namespace net
