#include "net/ipv4/tcp_ack.hpp"

// The sender's side of a received segment. In order:
//
//   1. is the number believable?                 (RFC 9293 §3.10.7.4, RFC 5961 §5.2)
//   2. the peer's window                         (snd_wl1 keeps old segments from changing it)
//   3. SACK blocks                               (tcp_sack.cpp)
//   4. what is acknowledged leaves the queue     take_acknowledged()
//   5. a round-trip sample                       (Karn: never from what was sent twice, unless a timestamp
//   tells)
//   6. losses and recovery                       (tcp_recovery.cpp)
//   7. the congestion window
//   8. the timer, and retransmissions that fit
//
// New data is pushed afterwards by the caller, when the segment's own data has been taken too.

#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/ip_output.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_input.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_recovery.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_sack.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

uint32_t window_of(const tcp_sock& sk, const sk_buff& skb) {
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(skb.transport_header);
    const uint32_t window = header.window;
    return (skb.tcp.flags & wire::tcp_syn) != 0 ? window : window << sk.snd_wscale;
}

/// RFC 9293 §3.10.7.4: SND.WND changes only by segments that are not older than the last that changed it
/// (SND.WL2 <= SEG.ACK always holds here). Of two ACKs with equal numbers the later to come counts, so that a
/// window may close without other news. If they overtook each other that is wrong until the next ACK or the
/// answer to a probe; a timestamp tells.
void update_window(tcp_sock& sk, const sk_buff& skb, tcp_ack_event& event) {
    const uint32_t window = window_of(sk, skb);
    event.window_differs = window != sk.snd_wnd;
    const bool newer = skb.tcp.ack > sk.snd_una || skb.tcp.seq >= sk.snd_wl1;
    if (!newer || tcp_timestamp_is_old(sk)) {
        return;
    }
    sk.snd_wl1 = skb.tcp.seq;
    if (event.window_differs) {
        event.window_opened = sk.snd_wnd == 0;
        sk.snd_wnd = window;
        sk.prediction = false; // the slow path works out the next prediction
        if (window > sk.max_window) {
            sk.max_window = window;
            tcp_sync_mss(sk, sk.path_mtu);
        }
    }
}

/// Karn's rule: only what was sent once tells how long the way is.
void note_round_trip(const sk_buff& skb, tcp_ack_event& event) {
    if ((skb.tcp.sacked & tcp_ever_retransmitted) != 0) {
        event.retransmitted_acked = true;
    } else if ((skb.tcp.sacked & tcp_sacked_acked) == 0 && event.rtt_us == 0) {
        event.rtt_us = lib::max<uint64_t>((port::now() - skb.tcp.sent_at) / port::microsecond, 1);
    }
}

/// The whole packet is acknowledged: takes it out of every count.
void forget(tcp_sock& sk, const sk_buff& skb, tcp_ack_event& event) {
    const uint32_t segments = skb.tcp.segments;
    note_round_trip(skb, event);
    if ((skb.tcp.sacked & tcp_sacked_acked) != 0) {
        sk.sacked_out -= segments;
    } else {
        event.delivered += segments;
    }
    sk.lost_out -= (skb.tcp.sacked & tcp_lost) != 0 ? segments : 0;
    sk.retransmitted_out -= (skb.tcp.sacked & tcp_sacked_retransmitted) != 0 ? segments : 0;
    sk.packets_out -= segments;
    event.acked_segments += segments;
    if ((skb.tcp.flags & wire::tcp_syn) != 0) {
        event.syn_acked = true;
        sk.retransmission_started = 0;
    } else {
        event.data_acked = true;
    }
}

/// The first bytes of a packet are acknowledged; only its rest stays.
void forget_front(tcp_sock& sk, sk_buff& skb, uint32_t bytes, tcp_ack_event& event) {
    note_round_trip(skb, event);
    event.data_acked = true;
    // A peer that acknowledges byte by byte does not thereby acknowledge a segment (RFC 3465).
    const uint32_t whole_segments = bytes / sk.mss_cache;
    event.acked_segments += whole_segments;
    event.delivered += (skb.tcp.sacked & tcp_sacked_acked) != 0 ? 0 : whole_segments;
    tcp_trim_front(sk, skb, bytes);
}

/// Everything below snd_una leaves the retransmit queue.
void take_acknowledged(tcp_sock& sk, tcp_ack_event& event) {
    while (sk_buff* oldest = sk.retransmit_queue.front()) {
        if (oldest->tcp.end_seq > sk.snd_una) {
            if (oldest->tcp.seq < sk.snd_una) {
                forget_front(sk, *oldest, static_cast<uint32_t>(sk.snd_una - oldest->tcp.seq), event);
            }
            break;
        }
        forget(sk, *oldest, event);
        const uint32_t cost = tcp_queued_cost(*oldest);
        sk.retransmit_queue.pop_front();
        tcp_uncharge_queued(sk, cost);
    }
    if (sk.retransmit_queue.empty() && sk.write_queue.empty()) {
        sk.spare_block.reset(); // an idle connection keeps no payload memory
    }
}

/// The round trip that this ACK tells of, in microseconds; 0: it tells of none. When the ACK that should have
/// told of a segment was lost, a later one does, and the time since that segment was sent is no round trip:
/// where many ACKs are lost, the timeout would grow to minutes.
uint64_t measured_rtt(const tcp_sock& sk, const tcp_ack_event& event) {
    // A D-SACK (RFC 2883): the answer to a copy of what had arrived already.
    if (event.duplicate_sack) {
        return 0;
    }
    const uint64_t echo_us = tcp_rtt_from_echo(sk);
    uint64_t rtt_us = event.retransmitted_acked ? 0 : event.rtt_us;
    if (rtt_us == 0) {
        rtt_us = event.sack_rtt_us;
    }
    if (rtt_us == 0) {
        // The echo (RFC 7323 §4) tells apart what Karn's rule has to leave out.
        return event.data_acked ? echo_us : event.syn_acked ? tcp_rtt_of_handshake(sk) : 0;
    }
    // The echo is of the segment that caused this ACK, or of one before that: never younger, but for a tick
    // of the clock of timestamps.
    constexpr uint64_t tick_us = port::millisecond / port::microsecond;
    return echo_us != 0 && rtt_us > echo_us + tick_us ? echo_us : rtt_us;
}

void measure_rtt(tcp_sock& sk, const tcp_ack_event& event) {
    const uint64_t rtt_us = measured_rtt(sk, event);
    if (rtt_us == 0) {
        if (event.duplicate_sack && event.data_acked) {
            sk.backoff = 0; // an ACK was lost, the time to wait for it was long enough
        }
        return;
    }
    tcp_take_rtt_sample(sk, static_cast<uint32_t>(lib::min<uint64_t>(rtt_us, UINT32_MAX)));
    if (sk.congestion->sample_rtt != nullptr) {
        sk.congestion->sample_rtt(sk, static_cast<uint32_t>(lib::min<uint64_t>(rtt_us, UINT32_MAX)));
    }
}

/// Nothing is in flight: the ACK can only be about the window.
void answer_to_probe(tcp_sock& sk) {
    const sk_buff* next = sk.write_queue.front();
    if (next == nullptr) {
        return;
    }
    if (next->tcp.end_seq <= tcp_window_end(sk)) {
        sk.backoff = 0;
        sk.probing_since = 0;
        if (sk.timer_purpose == tcp_timer_purpose::probe_window) {
            tcp_stop_retransmit(sk);
        }
    } else {
        tcp_arm_retransmit(sk, tcp_timer_purpose::probe_window, tcp_probe_delay(sk));
    }
}

/// The window opens again over what is in flight. What was sent again meanwhile the peer has thrown away, for
/// want of room: that the network was overloaded, for which timeouts double, nobody has said.
void forget_backoff_of_closed_window(tcp_sock& sk) {
    if (sk.backoff != 0) {
        sk.backoff = 0;
        tcp_rearm_retransmit(sk);
    }
}

void note_progress(tcp_sock& sk, const tcp_ack_event& event) {
    sk.soft_error = 0;
    sk.probes_out = 0;
    sk.last_ack_received = port::now();
    if (event.una_advanced) {
        sk.retransmits = 0;
        sk.bytes_acked += static_cast<uint32_t>(sk.snd_una - event.prior_una);
        inet_confirm_neighbour(sk);
    }
}

} // namespace

tcp_ack_verdict tcp_ack(tcp_sock& sk, const sk_buff& skb, const wire::tcp_options& options) {
    const wire::seq ack = skb.tcp.ack;
    tcp_ack_event event;
    event.prior_una = sk.snd_una;
    event.carries_data = skb.tcp.seq != skb.tcp.end_seq;

    if (ack > sk.snd_nxt) {
        return tcp_ack_verdict::unsent_data;
    }
    if (ack < sk.snd_una) {
        return static_cast<uint32_t>(sk.snd_una - ack) > sk.max_window ? tcp_ack_verdict::too_old
                                                                       : tcp_ack_verdict::old;
    }
    update_window(sk, skb, event);
    event.una_advanced = ack > sk.snd_una;
    sk.snd_una = ack;
    if (sk.urgent_mode && sk.snd_up <= ack) {
        sk.urgent_mode = false;
    }
    note_progress(sk, event);
    if (options.sack_count != 0 && sk.sack_ok) {
        tcp_take_sacks(sk, options, event);
    }
    event.congestion_echo = tcp_ecn_is_echo(sk, skb);
    if (sk.packets_out == 0) {
        answer_to_probe(sk);
        return tcp_ack_verdict::acceptable;
    }
    if (event.window_opened) {
        forget_backoff_of_closed_window(sk);
    }
    take_acknowledged(sk, event);
    measure_rtt(sk, event);
    sk.delivered += event.delivered;
    sk.delivered_marked += event.congestion_echo ? event.delivered : 0;
    tcp_detect_losses(sk, event);
    if (event.una_advanced) {
        tcp_rearm_retransmit(sk);
    }
    tcp_adjust_window(sk, event);
    tcp_retransmit_lost(sk);
    return tcp_ack_verdict::acceptable;
}

} // namespace net
