#pragma once
// What a segment does to a connection (RFC 9293 §3.10.7). sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

/// A segment for this connection, in whatever state it is: header pulled, notes in skb->tcp, data at the
/// payload, transport_header at the header. Takes the packet.
void tcp_receive(tcp_sock& sk, skb_ptr skb);

/// The slow way through RFC 9293 §3.10.7.4, for every synchronized state.
void tcp_rcv_state_process(tcp_sock& sk, skb_ptr skb);
/// SYN-SENT (RFC 9293 §3.10.7.3).
void tcp_rcv_syn_sent(tcp_sock& sk, skb_ptr skb);

/// Steps one to four: sequence number and timestamp, RST, security, SYN. False: the packet was dropped.
bool tcp_check_segment(tcp_sock& sk, skb_ptr& skb);
/// Reads the options of a segment and keeps its timestamps in the sock.
wire::tcp_options tcp_read_options(tcp_sock& sk, const sk_buff& skb);
/// Whether the segment being processed was sent before one that has come already (RFC 7323 §5).
bool tcp_timestamp_is_old(const tcp_sock& sk);
/// Remembers the peer's timestamp for the next echo (RFC 7323 §4.3).
void tcp_replace_ts_recent(tcp_sock& sk, wire::seq segment_start);

/// The handshake is complete: sizes, tuning, congestion control, keepalive, the users.
void tcp_finish_connect(tcp_sock& sk);
/// The peer's FIN is in order.
void tcp_fin(tcp_sock& sk);
/// Step six: the urgent pointer.
void tcp_check_urgent(tcp_sock& sk, const sk_buff& skb);
/// Whether the next segments may go the fast way, and how they will look.
void tcp_predict_headers(tcp_sock& sk);
/// A RST that is believed.
void tcp_reset(tcp_sock& sk);

} // namespace net
