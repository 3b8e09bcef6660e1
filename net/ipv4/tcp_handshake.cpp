#include "net/ipv4/tcp_input.hpp"

// The opening of a connection, as the side that sent the SYN sees it (RFC 9293 §3.10.7.3), and what both
// sides do when it is complete. A SYN without an ACK means that both sides opened at once: then this side
// answers with a SYN-ACK and waits in SYN-RECEIVED. A socket that connects to itself goes exactly that way.

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_ack.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_reassembly.hpp"
#include "net/ipv4/tcp_reply.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

/// Two initial windows of full segments with what each costs besides its payload, as Linux counts it.
constexpr uint32_t first_send_buffer = 2 * tcp_initial_window * 4352;

constexpr port::time_ns syn_again_delay = 10 * port::millisecond;

/// First step: an ACK must acknowledge our SYN and nothing else.
bool acknowledges_our_syn(const tcp_sock& sk, const sk_buff& skb) {
    return skb.tcp.ack == sk.snd_nxt;
}

/// The echo must lie between our first SYN and now: otherwise the SYN-ACK answers somebody else's SYN.
bool echo_is_ours(const tcp_sock& sk, const wire::tcp_options& options) {
    if (!options.has_timestamp || options.timestamp_echo == 0) {
        return true;
    }
    const auto now = static_cast<uint32_t>(port::now() / port::millisecond) + sk.ts_offset;
    const uint32_t age_ms = now - options.timestamp_echo;
    return age_ms < 240'000;
}

void take_peer_options(tcp_sock& sk, const sk_buff& skb, const wire::tcp_options& options) {
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(skb.transport_header);
    sk.irs = skb.tcp.seq;
    sk.rcv_nxt = skb.tcp.seq + 1;
    sk.rcv_wup = sk.copied_seq = sk.urgent_seq = sk.rcv_nxt;
    sk.snd_wnd = header.window; // the window of a SYN is never scaled
    sk.snd_wl1 = skb.tcp.seq;
    sk.max_window = sk.snd_wnd;

    // What we did not offer is not agreed on, even if the peer believes it is.
    sk.window_scaling = sk.window_scaling && options.has_window_scale;
    sk.snd_wscale = sk.window_scaling ? options.window_scale : 0;
    sk.rcv_wscale = sk.window_scaling ? sk.offered_wscale : 0;
    if (!sk.window_scaling) {
        sk.window_clamp = lib::min(sk.window_clamp, 65535u);
    }
    sk.sack_ok = sk.sack_ok && options.sack_permitted;
    sk.timestamps_ok = sk.timestamps_ok && options.has_timestamp;
    if (sk.timestamps_ok) {
        sk.ts_recent = options.timestamp_value;
        sk.ts_recent_at = port::now();
    }
    const uint16_t offered = options.has_mss ? options.mss : uint16_t{536};
    sk.mss_clamp = sk.user_mss != 0 ? lib::min(offered, sk.user_mss) : offered;
    tcp_sync_mss(sk, sk.path_mtu);
}

void established_by_syn_ack(tcp_sock& sk, skb_ptr skb, const wire::tcp_options& options) {
    take_peer_options(sk, *skb, options);
    tcp_ecn_take_syn_ack(sk, *skb);
    if (tcp_ack(sk, *skb, {}) != tcp_ack_verdict::acceptable) {
        drop(std::move(skb), drop_reason::tcp_bad_ack);
        return;
    }
    tcp_set_state(sk, tcp_state::established);
    tcp_finish_connect(sk);
    const bool data_waits = !sk.write_queue.empty() || sk.pingpong != 0 || sk.defer_accept_attempts != 0;
    // Data on a SYN-ACK is allowed and rare (RFC 9293 §3.10.7.3, fifth step).
    skb->tcp.seq += 1;
    tcp_check_urgent(sk, *skb);
    tcp_data_queue(sk, std::move(skb));
    if (data_waits) {
        tcp_send_delayed_ack(sk); // the handshake's last ACK rides on the data
    } else {
        tcp_send_ack(sk);
    }
    tcp_push_pending(sk);
    tcp_predict_headers(sk);
}

/// A SYN that was lost is no congestion of the connection, which begins now: the threshold is high (RFC 5681
/// §3.1), and nothing is being recovered unless the user's FIN, or data, was sent with it and is on its way.
void begin_congestion_control(tcp_sock& sk) {
    sk.snd_ssthresh = tcp_infinite_threshold;
    sk.undo_armed = false;
    if (sk.packets_out == 0) {
        sk.recovery = tcp_recovery_state::open;
    }
    // But if it had to be sent again, something is wrong on the way; start from one segment.
    sk.snd_cwnd = sk.total_retransmits > 1 ? 1 : tcp_initial_window;
    sk.cwnd_stamp = port::now();
}

void simultaneous_open(tcp_sock& sk, skb_ptr skb, const wire::tcp_options& options) {
    take_peer_options(sk, *skb, options);
    tcp_ecn_take_syn(sk, *skb);
    tcp_set_state(sk, tcp_state::syn_received);
    tcp_send_syn_ack(sk);
}

} // namespace

void tcp_rcv_syn_sent(tcp_sock& sk, skb_ptr skb) {
    const uint8_t flags = skb->tcp.flags;
    const wire::tcp_options options = tcp_read_options(sk, *skb);
    if ((flags & wire::tcp_ack) != 0 && (!acknowledges_our_syn(sk, *skb) || !echo_is_ours(sk, options))) {
        tcp_send_reset(*sk.owner_stack, *skb);
        drop(std::move(skb), drop_reason::tcp_bad_ack);
        if (sk.retransmits == 0) {
            // The peer has an old connection, which our RST ends: try again at once, as Linux does.
            tcp_arm_retransmit(sk, tcp_timer_purpose::retransmit, syn_again_delay);
        }
        return;
    }
    if ((flags & wire::tcp_rst) != 0) {
        const bool believed = (flags & wire::tcp_ack) != 0;
        drop(std::move(skb), drop_reason::tcp_bad_reset);
        if (believed) {
            tcp_reset(sk);
        }
        return;
    }
    if ((flags & wire::tcp_syn) == 0) {
        drop(std::move(skb), drop_reason::tcp_bad_flags);
        return;
    }
    if ((flags & wire::tcp_ack) != 0) {
        established_by_syn_ack(sk, std::move(skb), options);
    } else {
        simultaneous_open(sk, std::move(skb), options);
    }
}

void tcp_finish_connect(tcp_sock& sk) {
    const port::time_ns now = port::now();
    sk.last_ack_received = sk.last_data_received = now;
    tcp_begin_rtt(sk);
    (void)tcp_current_mss(sk);
    sk.rcv_mss = lib::min(sk.mss_cache, lib::max(lib::min(sk.rcv_wnd / 2, 536u), tcp_minimum_rcv_mss));
    begin_congestion_control(sk);
    tcp_set_congestion(sk, *sk.congestion);
    tcp_init_receive_tuning(sk);
    if (sk.keep_alive) {
        tcp_arm_keepalive(sk, tcp_keepalive_idle(sk));
    }
    sk.state_change(sk);
    if (!sk.send_buffer_locked) {
        const auto largest = static_cast<uint32_t>(sk.owner_stack->settings.tcp_wmem.maximum);
        sk.send_buffer_limit = lib::max(sk.send_buffer_limit, lib::min(first_send_buffer, largest));
    }
}

} // namespace net
