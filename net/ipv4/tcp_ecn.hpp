#pragma once
// Explicit congestion notification (RFC 3168): a router that is about to be overloaded marks packets instead
// of dropping them. The receiver tells the sender of the mark with ECE until the sender answers with CWR, and
// the sender slows down as if one packet of that window had been lost. All functions: sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

/// The two low bits of IP's TOS field (RFC 3168 §5).
enum ip_ecn : uint8_t {
    ip_ecn_not_ect = 0, ///< the transport knows nothing of marks: drop it instead
    ip_ecn_ect_1 = 1,
    ip_ecn_ect_0 = 2, ///< may be marked; what we send
    ip_ecn_ce = 3,    ///< marked
    ip_ecn_mask = 3,
};

/// The flags of our first SYN: ECE and CWR when tcp_ecn is 1.
uint8_t tcp_ecn_offer(tcp_sock& sk);
/// A SYN that is sent again is a plain one: perhaps somebody on the way cannot bear the flags (§6.1.1.1).
void tcp_ecn_fall_back(const tcp_sock& sk, sk_buff& syn);
/// The peer's answer to our SYN, or his own SYN when both opened at once.
void tcp_ecn_take_syn_ack(tcp_sock& sk, const sk_buff& syn_ack);
void tcp_ecn_take_syn(tcp_sock& sk, const sk_buff& syn);
/// Whether a listener agrees to what a SYN asks.
bool tcp_ecn_accepts(const tcp_sock& listener, const sk_buff& syn);

/// A segment leaves: completes its flags and says what stands in the TOS field.
ip_ecn tcp_ecn_mark_outgoing(tcp_sock& sk, tcp_skb_notes& notes, uint32_t payload);
/// Whether the next new data must carry CWR; it then leaves alone, so that no other segment has the flag.
inline bool tcp_ecn_owes_cwr(const tcp_sock& sk) {
    return (sk.ecn & tcp_ecn_cwr_owed) != 0;
}
/// A segment with data arrived that is not known yet: was it marked, has the sender answered?
void tcp_ecn_receive_data(tcp_sock& sk, const sk_buff& skb);
/// Whether the ACK tells of a mark on what we sent.
bool tcp_ecn_is_echo(const tcp_sock& sk, const sk_buff& skb);
/// The window was reduced, for whatever reason, or the reduction was undone.
void tcp_ecn_window_reduced(tcp_sock& sk);
void tcp_ecn_reduction_undone(tcp_sock& sk);

} // namespace net
