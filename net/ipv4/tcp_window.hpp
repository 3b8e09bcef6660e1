#pragma once
// The receive window: what may be offered to the peer, and how large the receive buffer becomes. All
// functions: sock_lock held.

#include "net/ipv4/tcp.hpp"

namespace net {

constexpr uint32_t tcp_minimum_rcv_mss = 88;

/// Half of the memory is for payload; headers, blocks that are not full and bookkeeping take the rest.
constexpr uint32_t tcp_window_from_memory(uint32_t bytes) {
    return bytes / 2;
}
/// Payload that still fits.
uint32_t tcp_receive_space(const tcp_sock& sk);
/// What remains of the window that was last offered: segments inside it are accepted.
inline uint32_t tcp_receive_window(const tcp_sock& sk) {
    const int32_t window = (sk.rcv_wup + sk.rcv_wnd) - sk.rcv_nxt;
    return window > 0 ? static_cast<uint32_t>(window) : 0;
}
/// The window that could be offered now, silly windows avoided (RFC 9293 §3.8.6.2.2).
uint32_t tcp_window_to_offer(tcp_sock& sk);
/// Decides the window of a segment that is about to leave, never smaller than what was offered before, and
/// returns the value of the header field.
uint16_t tcp_select_window(tcp_sock& sk);

struct tcp_window_choice {
    uint32_t window;
    uint32_t clamp;
    uint8_t scale;
};
/// Window, limit and scale with which a connection of this sock, or a child of this listener, starts.
/// `clamp`: TCP_WINDOW_CLAMP, 0 = none.
tcp_window_choice tcp_initial_window_choice(const tcp_sock& sk, uint32_t clamp, uint32_t mss, bool scaling);
/// After the handshake: sets the tuning's starting point.
void tcp_init_receive_tuning(tcp_sock& sk);
/// A segment came: offers more if it used its memory well.
void tcp_grow_window(tcp_sock& sk, const sk_buff& skb);
/// The user has read: enlarges the buffer to twice of what is read in one round trip.
void tcp_tune_receive_buffer(tcp_sock& sk);
void tcp_measure_receive_rtt(tcp_sock& sk, const sk_buff& skb);
/// Memory ran out: offers less from now on.
void tcp_clamp_window(tcp_sock& sk);

} // namespace net
