#pragma once
// What leaves a connection: data as the windows allow, ACKs, probes, retransmissions, resets. The way down is
// tcp_push_pending → tcp_write_xmit → tcp_transmit_skb → ip_queue_xmit. All functions: sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

constexpr uint32_t tcp_minimum_send_mss = 48; ///< CVE-2019-11477 and kin: below that headers eat everything

inline uint32_t tcp_in_flight(const tcp_sock& sk) {
    return sk.packets_out - sk.sacked_out - sk.lost_out + sk.retransmitted_out;
}
/// One past the last byte that the peer's window allows.
inline wire::seq tcp_window_end(const tcp_sock& sk) {
    return sk.snd_una + sk.snd_wnd;
}

/// The payload that a segment may carry now; follows the path MTU and leaves room for the options.
uint32_t tcp_current_mss(tcp_sock& sk);
/// The payload of a full segment with these options.
uint32_t tcp_mss_with(const tcp_sock& sk, const wire::tcp_options& options);
/// Recomputes mss_cache for a path MTU.
void tcp_sync_mss(tcp_sock& sk, uint32_t path_mtu);
/// The MSS to advertise, by a connection or by a listener for a child: what fits the interface of the route
/// to the peer; nullptr: unknown.
uint16_t tcp_advertised_mss(const tcp_sock& sk, const route_entry* route);

/// The packet that leaves for a queued one: same notes, shared payload, room for headers. Empty without
/// memory.
skb_ptr tcp_make_packet(sk_buff& queued);
/// Sends one segment with a copy of the notes in packet->tcp: builds options and header and hands it to IP.
/// The payload starts at packet->data; the packet has headroom.
lib::result<void> tcp_transmit_skb(tcp_sock& sk, skb_ptr packet);
/// Sends what the windows, Nagle and congestion control allow.
enum class tcp_xmit_amount : uint8_t { all, one };
void tcp_write_xmit(tcp_sock& sk, uint8_t nagle, tcp_xmit_amount amount);
/// Sends the first unsent packet, cut to `limit` payload bytes and to a full segment, whatever congestion
/// control and Nagle say: for probes.
lib::result<void> tcp_send_next(tcp_sock& sk, uint32_t limit);
/// Sends what may leave and keeps a timer running for what must wait; with the user's Nagle setting or
/// another.
void tcp_push_pending(tcp_sock& sk);
void tcp_push_pending(tcp_sock& sk, uint8_t nagle);

/// Starts the active open: queues and sends the SYN.
lib::result<void> tcp_send_syn(tcp_sock& sk);
/// Simultaneous open: sends the SYN of the queue again, now with an ACK.
void tcp_send_syn_ack(tcp_sock& sk);
/// Queues a FIN behind the data and pushes it.
void tcp_send_fin(tcp_sock& sk);
void tcp_send_ack(tcp_sock& sk);
/// An ACK that an attacker could provoke at will: at most two per second and connection (RFC 5961 §7).
void tcp_send_challenge_ack(tcp_sock& sk);
/// Tells the peer that the connection is no more. The caller ends it.
void tcp_send_active_reset(tcp_sock& sk);
/// A window or keepalive probe: a byte that the window allows, or an old sequence number (RFC 9293 §3.8.6.1).
lib::result<void> tcp_send_probe(tcp_sock& sk);

/// Sends a queued segment (or its first `segments` full segments) again. EAGAIN: outside the peer's window.
lib::result<void> tcp_retransmit(tcp_sock& sk, sk_buff& skb, uint32_t segments);
/// Cuts a queued packet after `length` payload bytes; the rest, which may be a FIN alone, follows it in the
/// same queue. ENOMEM.
lib::result<void> tcp_split(tcp_sock& sk, skb_queue& queue, sk_buff& skb, uint32_t length);
/// The first `bytes` of a packet in the retransmit queue are acknowledged: they leave it, and the counters.
void tcp_trim_front(tcp_sock& sk, sk_buff& skb, uint32_t bytes);
/// How many segments a payload makes; an empty one (SYN, FIN) counts as one.
uint16_t tcp_segments_of(uint32_t length, uint32_t mss);

/// Takes a queued packet's memory into account, or gives it back and wakes writers that wait.
void tcp_charge_queued(tcp_sock& sk, const sk_buff& skb);
void tcp_uncharge_queued(tcp_sock& sk, uint32_t bytes);
uint32_t tcp_queued_cost(const sk_buff& skb);
/// Frees both send queues.
void tcp_purge_send_queues(tcp_sock& sk);

} // namespace net
