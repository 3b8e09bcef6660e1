#pragma once
// TIME_WAIT keeps of a connection only what it takes to answer late segments (RFC 9293 §3.10.7.8): the key,
// the next sequence numbers both ways and the last timestamp, under 200 bytes instead of a tcp_sock. The same
// structure stands for a closed FIN_WAIT_2 that waits for the peer's FIN (tcpi and /proc show which).

#include "kernel/lib/ref.hpp"
#include "kernel/lib/relaxed.hpp"
#include "net/core/sk_buff.hpp"
#include "net/core/timer.hpp"
#include "net/ipv4/ports.hpp"
#include "net/ipv4/tcp_endpoint.hpp"
#include "net/wire/tcp.hpp"
#include "net/wire/tcp_options.hpp"

#include <cstdint>

namespace net {

class stack;
struct tcp_sock;
enum class tcp_state : uint8_t;

/// How long TIME_WAIT lasts: twice a maximum segment lifetime of 30 s, as in Linux.
constexpr port::time_ns tcp_time_wait_length = 60 * port::second;

struct tcp_time_wait : lib::ref_counted {
    explicit tcp_time_wait(stack& in);
    static void release_last(tcp_time_wait* remains);

    stack* const owner_stack;
    tcp_endpoint endpoint{tcp_endpoint_kind::time_wait}; ///< guarded by the table's lock
    port_remains held_port;                              ///< keeps the local port taken
    timer expiry;

    // Changed by the worker only, which is one; reports, and connect() when it wants the four-tuple, read the
    // relaxed ones, and what never changes.
    lib::relaxed<tcp_state> substate; ///< time_wait or fin_wait_2
    wire::seq snd_nxt;
    wire::seq rcv_nxt;
    uint32_t rcv_wnd = 0;
    uint8_t rcv_wscale = 0;
    bool timestamps_ok = false;
    lib::relaxed<uint32_t> ts_recent;
    lib::relaxed<port::time_ns> ts_recent_at;
    uint32_t ts_offset = 0;
    port::time_ns last_oow_ack = 0;
};

/// Turns a connection into TIME_WAIT (or a waiting FIN_WAIT_2) remains and closes the sock. When memory or
/// the limit forbids it the connection is just closed. sock_lock held.
void tcp_enter_time_wait(tcp_sock& sk, tcp_state substate, port::time_ns length);

/// What the segment means for the remains. `open_anew`: a SYN that may start a new connection (RFC 6191); the
/// caller passes it to the listener with the sequence number to start from. Takes the packet otherwise.
enum class tcp_time_wait_verdict : uint8_t { handled, open_anew };
struct tcp_time_wait_outcome {
    tcp_time_wait_verdict verdict;
    wire::seq iss; ///< for open_anew
};
tcp_time_wait_outcome tcp_time_wait_receive(tcp_time_wait& remains, skb_ptr& skb);

/// Ends the remains now. Table lock not held.
void tcp_end_time_wait(tcp_time_wait& remains);

} // namespace net
