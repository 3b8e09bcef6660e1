#include "net/ipv4/tcp_output.hpp"

// What may leave, and when. The user's bytes stand in write_queue in packets of up to 64 KiB; tcp_write_xmit
// takes from its front as much as four rules allow:
//
//   the peer's window       never beyond snd_una + snd_wnd, not even a FIN
//   congestion window       at most snd_cwnd segments in flight
//   Nagle                   no small segment while another one is unacknowledged (RFC 9293 §3.7.4)
//   silly window avoidance  no segment cut small only because the window is small
//
// A packet that was sent moves to the end of retransmit_queue. What must wait is sent later by whoever lifts
// the obstacle: an ACK, a window update, a timer.

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/net_device.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

/// Nagle in Minshall's form: a small segment waits while an earlier *small* segment is in flight.
bool nagle_holds_back(const tcp_sock& sk, bool partial, uint8_t nagle) {
    if (!partial) {
        return false;
    }
    if ((nagle & tcp_nagle_cork) != 0) {
        return true;
    }
    const bool small_one_in_flight = sk.snd_sml > sk.snd_una && sk.snd_sml <= sk.snd_nxt;
    return (nagle & tcp_nagle_off) == 0 && sk.packets_out != 0 && small_one_in_flight;
}

bool nagle_allows(const tcp_sock& sk, const sk_buff& skb, uint32_t mss, uint8_t nagle) {
    if ((nagle & tcp_nagle_push) != 0 || sk.urgent_mode || (skb.tcp.flags & wire::tcp_fin) != 0) {
        return true;
    }
    return !nagle_holds_back(sk, skb.length() < mss, nagle);
}

/// How many bytes of the packet may leave as one packet: whole segments within both windows.
uint32_t sendable_bytes(const tcp_sock& sk, const sk_buff& skb, uint32_t mss, uint32_t quota, uint8_t nagle) {
    const auto window = static_cast<uint32_t>(tcp_window_end(sk) - skb.tcp.seq);
    const uint64_t most = uint64_t{mss} * quota;
    const bool last = skb.link.next == nullptr || sk.write_queue.back() == &skb;
    if (most <= window && !last) {
        return static_cast<uint32_t>(lib::min<uint64_t>(most, UINT32_MAX));
    }
    const uint32_t needed = lib::min(skb.length(), window);
    if (most <= needed) {
        return static_cast<uint32_t>(most);
    }
    const uint32_t partial = needed % mss;
    return nagle_holds_back(sk, partial != 0, nagle) || (partial != 0 && needed < skb.length())
               ? needed - partial
               : needed;
}

/// Cuts the packet to what may leave of it: so many bytes, and its FIN, which takes a number as a byte does
/// (RFC 9293 §3.4), only if the window reaches over that, too.
lib::result<void> cut_front(tcp_sock& sk, sk_buff& next, uint32_t limit) {
    limit = lib::min(limit, next.length());
    if (limit == next.length() && next.tcp.end_seq <= tcp_window_end(sk)) {
        return {};
    }
    if (limit == 0) {
        return lib::error{EAGAIN};
    }
    return tcp_split(sk, sk.write_queue, next, limit);
}

/// Something could be sent, so the window is not closed any more, although it may be too small for all that
/// waits. What was doubled while it was closed is not for the retransmission timeout (RFC 6298 §5.1).
void end_probing(tcp_sock& sk) {
    if (sk.probing_since != 0) {
        sk.probing_since = 0;
        sk.probes_out = 0;
        sk.backoff = 0;
    }
}

/// The packet left: it moves to the retransmit queue, and the clock runs.
void note_sent(tcp_sock& sk) {
    skb_ptr sent = sk.write_queue.pop_front();
    const uint32_t before = sk.packets_out;
    end_probing(sk);
    sk.snd_nxt = sent->tcp.end_seq;
    sk.packets_out += sent->tcp.segments;
    if (sent->length() != 0 &&
        sent->length() < sent->tcp.segments * sk.mss_cache) { // its last segment is small
        sk.snd_sml = sent->tcp.end_seq;
    }
    sk.retransmit_queue.push_back(std::move(sent));
    if (before == 0 || sk.timer_purpose != tcp_timer_purpose::retransmit) {
        tcp_rearm_retransmit(sk);
    }
}

/// Sends the packet at the front of the write queue as it stands.
lib::result<void> send_front(tcp_sock& sk) {
    sk_buff& original = *sk.write_queue.front();
    original.tcp.segments = tcp_segments_of(original.length(), sk.mss_cache);
    skb_ptr packet = tcp_make_packet(original);
    if (!packet) {
        return lib::error{ENOMEM};
    }
    original.tcp.sent_at = port::now();
    original.tcp.transmissions = 1;
    count(*sk.owner_stack, mib::tcpext_original_data_sent, original.tcp.segments);
    const lib::result<void> outcome = tcp_transmit_skb(sk, std::move(packet));
    note_sent(sk); // also when the network layer refused: then it counts as lost on the way
    if (!outcome.ok()) {
        sk.soft_error = outcome.error().number == ENOBUFS ? sk.soft_error : outcome.error().number;
    }
    return {};
}

bool will_be_data_again(const sk_buff& sent) {
    return (sent.tcp.sacked & tcp_sacked_acked) == 0 && (sent.tcp.flags & wire::tcp_syn) == 0;
}

void append_fin(tcp_sock& sk, sk_buff& last) {
    last.tcp.flags |= wire::tcp_fin | wire::tcp_ack;
    last.tcp.end_seq += 1;
    sk.write_seq += 1;
}

} // namespace

uint16_t tcp_segments_of(uint32_t length, uint32_t mss) {
    return static_cast<uint16_t>(length <= mss ? 1 : (length + mss - 1) / mss);
}

lib::result<void> tcp_send_next(tcp_sock& sk, uint32_t limit) {
    sk_buff& next = *sk.write_queue.front();
    TRY(cut_front(sk, next, lib::min(limit, tcp_current_mss(sk))));
    return send_front(sk);
}

void tcp_write_xmit(tcp_sock& sk, uint8_t nagle, tcp_xmit_amount amount) {
    const uint32_t mss = tcp_current_mss(sk);
    transmit_batch batch(sk.write_queue.count() > 1 ? sk.cached_route.device : nullptr);
    unsigned sent = 0;
    bool window_limited = false;
    while (sk_buff* next = sk.write_queue.front()) {
        const uint32_t in_flight = tcp_in_flight(sk);
        if (in_flight >= sk.snd_cwnd) {
            window_limited = true;
            break;
        }
        const uint32_t first_bytes = lib::min(next->length(), mss);
        if (next->tcp.seq + first_bytes > tcp_window_end(sk)) {
            break;
        }
        const bool only_one_left = sk.write_queue.back() == next;
        const bool one_segment = next->length() <= mss;
        if (one_segment && !nagle_allows(sk, *next, mss, only_one_left ? nagle : uint8_t{tcp_nagle_push})) {
            break;
        }
        uint32_t limit = mss;
        if (!one_segment && !sk.urgent_mode && !tcp_ecn_owes_cwr(sk)) {
            limit = sendable_bytes(sk, *next, mss, sk.snd_cwnd - in_flight, nagle);
        }
        if (!cut_front(sk, *next, limit).ok() || !send_front(sk).ok()) {
            break;
        }
        sent++;
        if (amount == tcp_xmit_amount::one) {
            break;
        }
    }
    if (sent != 0) {
        sk.prr_out += sk.recovery >= tcp_recovery_state::cwr ? sent : 0;
        tcp_note_window_use(sk, window_limited || tcp_in_flight(sk) >= sk.snd_cwnd);
    }
}

void tcp_push_pending(tcp_sock& sk, uint8_t nagle) {
    if (sk.write_queue.empty() || sk.state == tcp_state::closed || sk.state == tcp_state::syn_sent) {
        return;
    }
    tcp_write_xmit(sk, nagle, tcp_xmit_amount::all);
    tcp_check_probe_timer(sk);
}

void tcp_push_pending(tcp_sock& sk) {
    tcp_push_pending(sk, sk.nagle);
}

lib::result<void> tcp_send_syn(tcp_sock& sk) {
    skb_ptr syn = allocate_skb(*sk.owner_stack, 0, 0);
    skb_ptr packet = allocate_skb(*sk.owner_stack, max_header_bytes, 0);
    if (!syn || !packet) {
        return lib::error{ENOMEM};
    }
    syn->tcp = {.seq = sk.iss,
                .end_seq = sk.iss + 1,
                .flags = static_cast<uint8_t>(wire::tcp_syn | tcp_ecn_offer(sk)),
                .segments = 1,
                .transmissions = 1,
                .sent_at = port::now()};
    packet->tcp = syn->tcp;
    sk.snd_nxt = sk.write_seq = sk.pushed_seq = sk.iss + 1;
    sk.packets_out = 1;
    tcp_charge_queued(sk, *syn);
    sk.retransmit_queue.push_back(std::move(syn));
    tcp_arm_retransmit(sk, tcp_timer_purpose::retransmit, sk.rto);
    return tcp_transmit_skb(sk, std::move(packet));
}

void tcp_send_fin(tcp_sock& sk) {
    sk.fin_queued = true;
    if (sk_buff* last = sk.write_queue.back()) {
        append_fin(sk, *last);
    } else if (skb_ptr fin = allocate_skb(*sk.owner_stack, 0, 0)) {
        fin->tcp = {.seq = sk.write_seq, .end_seq = sk.write_seq, .flags = 0, .segments = 1};
        append_fin(sk, *fin);
        tcp_charge_queued(sk, *fin);
        sk.write_queue.push_back(std::move(fin));
    } else if (sk_buff* sent = sk.retransmit_queue.back(); sent != nullptr && will_be_data_again(*sent)) {
        append_fin(sk, *sent); // it leaves when that is sent again
        sk.snd_nxt = sk.write_seq;
    } else {
        // Without memory even for this the connection cannot end in order; the peer must learn it.
        count(*sk.owner_stack, mib::tcpext_abort_on_memory);
        tcp_send_active_reset(sk);
        tcp_done(sk);
        return;
    }
    tcp_push_pending(sk, tcp_nagle_off);
}

} // namespace net
