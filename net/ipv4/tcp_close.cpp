#include "net/ipv4/tcp_verbs.hpp"

// How the user ends things: close(), shutdown(), and connect() to "nowhere". After close() the connection is
// an orphan: it still delivers what was written and says goodbye, watched by timers only. Data that the user
// has not read is lost with his close(), and the peer must learn that: it gets a RST instead of a FIN (RFC
// 1122 §4.2.2.13, RFC 2525 §2.17).

#include "kernel/abi/errno.h"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_ipv4.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_reassembly.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/ipv4/tcp_time_wait.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

/// The state after our FIN (RFC 9293 §3.10.4); whether one is to be sent.
bool move_to_closing_state(tcp_sock& sk) {
    switch (sk.state) {
    case tcp_state::syn_received:
    case tcp_state::established:
        tcp_set_state(sk, tcp_state::fin_wait_1);
        return true;
    case tcp_state::close_wait:
        tcp_set_state(sk, tcp_state::last_ack);
        return true;
    case tcp_state::syn_sent:
        tcp_done(sk);
        return false;
    default:
        return false;
    }
}

bool peer_expects_a_reset(const tcp_sock& sk) {
    return tcp_in(sk, tcp_state_bit(tcp_state::established) | tcp_state_bit(tcp_state::close_wait) |
                          tcp_state_bit(tcp_state::fin_wait_1) | tcp_state_bit(tcp_state::fin_wait_2) |
                          tcp_state_bit(tcp_state::syn_received));
}

void forget_counts(tcp_sock& sk) {
    sk.bytes_acked = sk.bytes_received = sk.bytes_sent = sk.bytes_retransmitted = 0;
    sk.segments_in = sk.segments_out = sk.data_segments_in = sk.data_segments_out = 0;
    sk.total_retransmits = sk.out_of_order_segments = sk.dsack_duplicates = 0;
    sk.delivered = sk.delivered_marked = 0;
}

/// Everything that belonged to the connection, so that the sock can open another.
void forget_connection(tcp_sock& sk) {
    tcp_purge_receive_queue(sk);
    tcp_purge_out_of_order(sk);
    tcp_purge_send_queues(sk);
    sk.write_seq = sk.snd_nxt = sk.snd_una = sk.rcv_nxt = sk.copied_seq = wire::seq();
    sk.fin_queued = sk.receive_fin = sk.urgent_mode = sk.no_space = false;
    sk.urgent_state = tcp_sock::urgent::none;
    sk.srtt_us = sk.mdev_us = sk.mdev_max_us = sk.rttvar_us = 0;
    sk.min_rtt_us = UINT32_MAX;
    sk.rto = tcp_rto_initial;
    sk.backoff = sk.retransmits = sk.probes_out = 0;
    sk.probing_since = sk.retransmission_started = 0;
    sk.recovery = tcp_recovery_state::open;
    sk.snd_cwnd = tcp_initial_window;
    sk.snd_ssthresh = tcp_infinite_threshold;
    sk.snd_cwnd_count = sk.max_packets_out = 0;
    sk.reordering = static_cast<uint32_t>(sk.owner_stack->settings.tcp_reordering);
    sk.undo_armed = false;
    sk.timestamps_ok = sk.sack_ok = sk.window_scaling = false;
    sk.ecn = 0;
    sk.snd_wscale = sk.rcv_wscale = 0;
    sk.ts_recent = 0; // the SYN to another peer must not echo this one's clock (RFC 7323 §3.2)
    sk.ts_recent_at = 0;
    sk.ack_pending = sk.quick_acks = sk.pingpong = 0;
    sk.ack_timeout = 0;
    sk.last_data_sent = 0;
    sk.max_window = sk.snd_wnd = sk.window_clamp = 0;
    sk.path_mtu = 0;
    sk.rcvq_space = 0;
    sk.rcv_rtt_us = 0;
    sk.rcv_rtt_time = 0;
    sk.cached_route = {};
    sk.soft_error = 0;
    forget_counts(sk);
}

/// What is returned is for tcp_end_listener(), once the lock is given back.
[[nodiscard]] tcp_listener* disconnect(tcp_sock& sk) {
    tcp_listener* stopped = nullptr;
    if (sk.state == tcp_state::listen) {
        stopped = tcp_stop_listening(sk);
    } else if (peer_expects_a_reset(sk)) {
        tcp_send_active_reset(sk);
        sk.pending_error = ECONNRESET;
    } else if (sk.state == tcp_state::syn_sent) {
        sk.pending_error = ECONNRESET;
    }
    tcp_done(sk);
    forget_connection(sk);
    tcp_v4_forget_ends(sk);
    sk.shutdown = 0;
    if (sk.user_socket != nullptr) {
        sk.user_socket->state = socket_state::unconnected;
    }
    sk.error_report(sk);
    return stopped;
}

/// SO_LINGER: close() waits until the peer has acknowledged everything, or the time is over.
void linger(tcp_sock& sk) {
    constexpr uint32_t unfinished = tcp_state_bit(tcp_state::fin_wait_1) | tcp_state_bit(tcp_state::closing) |
                                    tcp_state_bit(tcp_state::last_ack);
    if (sk.linger && sk.linger_seconds > 0) {
        const auto limit = static_cast<port::time_ns>(sk.linger_seconds) * port::second;
        (void)sock_wait(
            sk, [&] { return !tcp_in(sk, unfinished); }, limit);
    }
}

/// Whether something that came was never read, also behind the urgent mark, where reads stop. The urgent byte
/// may have been read by MSG_OOB although the stream was not read up to it.
bool leaves_unread(const tcp_sock& sk) {
    const int32_t bytes = sk.rcv_nxt - sk.copied_seq - (sk.receive_fin ? 1 : 0);
    return bytes > (sk.urgent_state == tcp_sock::urgent::read ? 1 : 0);
}

/// Starts the user's last act on a connection: a FIN, or a RST if something is lost by it.
void begin_close(tcp_sock& sk) {
    const bool unread = leaves_unread(sk);
    tcp_purge_receive_queue(sk);
    if (sk.state == tcp_state::closed) {
        return;
    }
    if (unread) {
        count(*sk.owner_stack, mib::tcpext_abort_on_close);
        tcp_send_active_reset(sk);
        tcp_done(sk);
    } else if (sk.linger && sk.linger_seconds == 0) {
        count(*sk.owner_stack, mib::tcpext_abort_on_data);
        (void)disconnect(sk); // no listener
    } else if (move_to_closing_state(sk)) {
        tcp_send_fin(sk);
    }
}

/// The connection goes on alone. Nothing may keep it for ever.
void become_orphan(tcp_sock& sk) {
    sk.orphan = true;
    const unsigned orphans = __atomic_add_fetch(&sk.owner_stack->tcp->orphan_count, 1, __ATOMIC_RELAXED);
    if (sk.state == tcp_state::fin_wait_2) {
        if (sk.linger2_seconds < 0) {
            tcp_send_active_reset(sk);
            tcp_done(sk);
            return;
        }
        tcp_enter_time_wait(sk, tcp_state::fin_wait_2, tcp_fin_wait_limit(sk));
    } else if (orphans > static_cast<unsigned>(sk.owner_stack->settings.tcp_max_orphans)) {
        count(*sk.owner_stack, mib::tcpext_abort_on_memory);
        tcp_send_active_reset(sk);
        tcp_done(sk);
    }
}

/// What a connection, or an attempt, does at shutdown().
void shut_down(tcp_sock& sk, uint8_t bits) {
    sk.shutdown |= bits;
    if ((bits & send_shutdown) != 0 && move_to_closing_state(sk)) {
        tcp_send_fin(sk);
    }
}

} // namespace

void tcp_close(sock& base) {
    tcp_sock& sk = as_tcp(base);
    tcp_listener* stopped = nullptr;
    {
        port::guard hold(sk.sock_lock);
        if (sk.state == tcp_state::listen) {
            stopped = tcp_stop_listening(sk);
        } else {
            begin_close(sk);
            linger(sk);
        }
        sk.shutdown = both_shutdown;
        sk.user_socket = nullptr;
        if (sk.state == tcp_state::closed) {
            inet_release_resources(sk);
        } else {
            become_orphan(sk);
        }
    }
    tcp_end_listener(stopped);
}

lib::result<void> tcp_shutdown(sock& base, int how) {
    constexpr uint32_t unconnected = tcp_state_bit(tcp_state::closed) | tcp_state_bit(tcp_state::syn_sent) |
                                     tcp_state_bit(tcp_state::syn_received);
    tcp_sock& sk = as_tcp(base);
    const auto bits = static_cast<uint8_t>(how + 1); // SHUT_RD, SHUT_WR, SHUT_RDWR
    tcp_listener* stopped = nullptr;
    lib::result<void> outcome;
    {
        port::guard hold(sk.sock_lock);
        socket_state& told = sk.user_socket->state;
        if (told == socket_state::connecting) { // nobody asks any more what became of the attempt
            told = tcp_in(sk, unconnected) ? socket_state::disconnecting : socket_state::connected;
        }
        if (sk.state == tcp_state::closed) {
            sk.shutdown |= bits; // it ends who waits or polls, as on Linux
            outcome = lib::error{ENOTCONN};
        } else if (sk.state == tcp_state::syn_sent ||
                   (sk.state == tcp_state::listen && (bits & receive_shutdown) != 0)) {
            stopped = disconnect(sk);
        } else if (sk.state != tcp_state::listen) {
            shut_down(sk, bits);
        }
        sk.state_change(sk);
    }
    tcp_end_listener(stopped);
    return outcome;
}

lib::result<void> tcp_disconnect(sock& base) {
    tcp_sock& sk = as_tcp(base);
    tcp_listener* stopped = nullptr;
    {
        port::guard reader(sk.reader_lock);
        port::guard writer(sk.writer_lock);
        port::guard hold(sk.sock_lock);
        stopped = disconnect(sk);
    }
    tcp_end_listener(stopped);
    return {};
}

} // namespace net
