#pragma once
// Loss recovery (RFC 5681, 6582, 6675, 6937): from duplicate ACKs and SACKs to the decision what is lost, and
// how the window shrinks meanwhile. All functions: sock_lock held.

#include "net/ipv4/tcp_ack.hpp"

namespace net {

inline bool tcp_window_is_being_reduced(const tcp_sock& sk) {
    return sk.recovery == tcp_recovery_state::cwr || sk.recovery == tcp_recovery_state::recovery;
}
/// Moves the recovery state on after an ACK; marks what is lost.
void tcp_detect_losses(tcp_sock& sk, tcp_ack_event& event);
/// The congestion window after an ACK: proportional reduction while recovering, growth otherwise.
void tcp_adjust_window(tcp_sock& sk, const tcp_ack_event& event);
/// Sends again what is marked lost, as far as the window allows.
void tcp_retransmit_lost(tcp_sock& sk);
/// After a retransmission timeout: everything that was not SACKed is taken for lost, the window is one
/// segment.
void tcp_enter_loss(tcp_sock& sk);
/// The path's MTU shrank: what is too large now is lost, though not by congestion.
void tcp_resend_after_mtu_change(tcp_sock& sk);
/// Marks one queued packet lost.
void tcp_mark_lost(tcp_sock& sk, sk_buff& skb);

} // namespace net
