#pragma once
// Listeners: half-open connections (small requests, or nothing at all with SYN cookies), the queue of
// finished ones for accept(). Everything here is guarded by the listener's sock_lock.

#include "kernel/lib/ref.hpp"
#include "net/core/timer.hpp"
#include "net/ipv4/tcp.hpp"
#include "net/ipv4/tcp_window.hpp"

namespace net {

/// A SYN that was answered: what it takes to build the connection when the ACK comes.
struct tcp_request : lib::ref_counted {
    explicit tcp_request(tcp_sock& listening);
    static void release_last(tcp_request* request);
    /// Takes its timer off the wheel, and with it the reference that a pending timer holds.
    static void cancel(tcp_request& request);

    const lib::ref<tcp_sock> listener;
    lib::list_link link; ///< in tcp_listener::requests
    timer resend;
    tcp_key key;
    wire::seq irs;
    wire::seq iss;
    uint16_t peer_mss = 536;
    uint16_t advertised_mss = 536;
    uint16_t peer_window = 0;
    bool timestamps_ok = false;
    bool sack_ok = false;
    bool window_scaling = false;
    bool ecn = false; ///< RFC 3168
    uint8_t snd_wscale = 0;
    tcp_window_choice receive_window = {};
    uint32_t ts_recent = 0;
    uint32_t ts_offset = 0;
    uint8_t timeouts = 0;        ///< so many times the SYN-ACK's timer has expired
    uint8_t retransmissions = 0; ///< so many times it has sent the SYN-ACK again
    bool acknowledged = false;   ///< the handshake's last ACK came; what is waited for is data, or room
    port::time_ns sent_at = 0;
    port::time_ns answered_at = 0;   ///< last SYN-ACK that a repeated SYN asked for
    port::time_ns challenged_at = 0; ///< last ACK that something unacceptable asked for
};

struct tcp_listener {
    static constexpr unsigned buckets = 16;

    lib::list<tcp_request, &tcp_request::link> requests[buckets];
    unsigned request_count = 0;
    lib::list<tcp_sock, &tcp_sock::accept_link> accept_queue; ///< each holds a reference
    unsigned accept_count = 0;
    unsigned backlog = 0;
    port::time_ns cookies_sent_at = 0;
};

/// proto::listen and proto::accept. Take the lock.
lib::result<void> tcp_listen(sock& sk, int backlog);
lib::result<lib::ref<sock>> tcp_accept(sock& sk, bool may_wait);
/// The sock is closed and no listener any more, its requests are forgotten. Lock held; without it, as the
/// caller's last act, what is returned has to be ended: another thread may listen on the sock again by then.
[[nodiscard]] tcp_listener* tcp_stop_listening(tcp_sock& sk);
/// Resets the children that nobody accepted and frees the listener; nullptr: there is none. No lock held.
void tcp_end_listener(tcp_listener* listener);

/// A segment for a listener: a SYN, or the ACK of a half-open connection. Takes the lock. `iss` is where to
/// start when the SYN replaces a connection in TIME_WAIT, else nullptr.
void tcp_listen_receive(tcp_sock& listener, skb_ptr skb, const wire::seq* iss);

// ---- between tcp_listen.cpp, tcp_request.cpp and tcp_syncookies.cpp ----

tcp_request* tcp_find_request(tcp_sock& listener, const tcp_key& key);
/// A request filled from a SYN; nullptr without memory.
lib::ref<tcp_request> tcp_make_request(tcp_sock& listener, const sk_buff& syn);
void tcp_add_request(tcp_sock& listener, tcp_request& request);
void tcp_remove_request(tcp_sock& listener, tcp_request& request);
void tcp_send_request_answer(tcp_sock& listener, tcp_request& request);
/// A segment for a half-open connection. The child to go on with, or nothing.
lib::ref<tcp_sock> tcp_check_request(tcp_sock& listener, tcp_request& request, skb_ptr& skb);
/// The connection that a completed handshake makes; in the table, not yet in the accept queue. Empty: no
/// memory, or the accept queue is full.
lib::ref<tcp_sock> tcp_create_child(tcp_sock& listener, const tcp_request& request);
inline bool tcp_accept_queue_full(const tcp_sock& listener) {
    return listener.listener->accept_count > listener.listener->backlog;
}

/// SYN cookies (RFC 4987 §3.6): the request encoded in the initial sequence number and the timestamp.
wire::seq tcp_make_cookie(stack& in, tcp_request& request);
/// The request that the ACK of a cookie stands for; empty if it is none of ours or too old.
lib::ref<tcp_request> tcp_check_cookie(tcp_sock& listener, const sk_buff& ack);
/// What the low bits of the timestamp carry while cookies are used.
uint32_t tcp_cookie_timestamp(const tcp_request& request);

} // namespace net
