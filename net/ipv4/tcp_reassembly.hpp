#pragma once
// The receiver's queues: in-order bytes for the user, and what arrived ahead of a hole. sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

constexpr unsigned tcp_out_of_order_ranges = 256; ///< CVE-2018-5390: what one peer may make us keep apart

/// Takes the text of a segment (data at the payload): queues, delays or drops it, moves rcv_nxt, handles a
/// FIN.
void tcp_data_queue(tcp_sock& sk, skb_ptr skb);
/// Appends in-order payload to the receive queue and moves rcv_nxt; the fast path's half of tcp_data_queue.
void tcp_queue_in_order(tcp_sock& sk, skb_ptr skb);
/// Whether the received packets may still grow; makes room if it can.
bool tcp_receive_memory_available(tcp_sock& sk);
/// Frees the receive queue or the out-of-order queue.
void tcp_purge_receive_queue(tcp_sock& sk);
void tcp_purge_out_of_order(tcp_sock& sk);

} // namespace net
