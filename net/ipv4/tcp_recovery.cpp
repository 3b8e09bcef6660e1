#include "net/ipv4/tcp_recovery.hpp"

// Loss recovery as a small state machine (tcp_recovery_state), after Linux's:
//
//          dup ACK / SACK             3 of them               high_seq acknowledged
//   open ─────────────────> disorder ───────────> recovery ─────────────────────────> open
//     └──────────────── timeout, from any state ─────> loss ───────────────────────────┘
//
// Four counters describe the flight: packets_out segments were sent and not acknowledged; of them sacked_out
// have arrived, lost_out are taken for lost, retransmitted_out were sent again and may arrive. What is in the
// network is packets_out - sacked_out - lost_out + retransmitted_out (RFC 6675's "pipe"), and sending is
// allowed while that is below snd_cwnd. Without SACK each duplicate ACK says that *some* segment arrived: it
// counts in sacked_out as well, which gives limited transmit (RFC 3042) and NewReno's window inflation for
// nothing.
//
// If it turns out that nothing was lost (timestamps: Eifel, RFC 3522; D-SACK), the reduction is undone.
// How the window moves meanwhile, and what is sent again, is in tcp_recovery_send.cpp.

#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

void enter_state(tcp_sock& sk, tcp_recovery_state next) {
    if (sk.congestion->enter_state != nullptr) {
        sk.congestion->enter_state(sk, next);
    }
    sk.recovery = next;
    trace(*sk.owner_stack, trace_event::tcp_congestion,
          {.sock = sk.id, .value = {sk.snd_cwnd, sk.snd_ssthresh, tcp_in_flight(sk), sk.srtt_us >> 3}});
}

// ---- Duplicate ACKs without SACK --------------------------------------------------------------------------

/// Never more "arrived" than can have: what is marked lost is missing, and one segment in any case.
void limit_duplicates(tcp_sock& sk) {
    const uint32_t missing = lib::min(lib::max(sk.lost_out, 1u), sk.packets_out);
    sk.sacked_out = lib::min(sk.sacked_out, sk.packets_out - missing);
}

void count_duplicate_ack(tcp_sock& sk) {
    const uint32_t before = sk.sacked_out++;
    limit_duplicates(sk);
    sk.delivered += sk.sacked_out > before ? 1 : 0;
}

/// A cumulative ACK of n segments: one of them filled the hole, the others were the duplicates counted.
void uncount_duplicates(tcp_sock& sk, uint32_t acked) {
    if (acked > 0) {
        sk.sacked_out -= lib::min(sk.sacked_out, acked - 1);
    }
    limit_duplicates(sk);
}

// ---- Undo -------------------------------------------------------------------------------------------------

void arm_undo(tcp_sock& sk) {
    sk.undo_armed = true;
    sk.undo_marker = sk.snd_una;
    sk.undo_retransmissions = sk.retransmitted_out != 0 ? static_cast<int32_t>(sk.retransmitted_out) : -1;
}

/// Eifel: the ACK echoes a timestamp from before the first retransmission, so the original had arrived.
bool original_arrived(const tcp_sock& sk) {
    if (sk.retransmission_started == 0 || !sk.saw_timestamp || sk.received_tsecr == 0) {
        return false;
    }
    const uint32_t then = static_cast<uint32_t>(sk.retransmission_started / port::millisecond) + sk.ts_offset;
    return static_cast<int32_t>(sk.received_tsecr - then) < 0;
}

bool may_undo(const tcp_sock& sk) {
    return sk.undo_armed && (sk.undo_retransmissions == 0 || original_arrived(sk));
}

void undo_reduction(tcp_sock& sk, bool also_loss_marks) {
    if (also_loss_marks) {
        for (sk_buff& skb : sk.retransmit_queue) {
            skb.tcp.sacked &= static_cast<uint8_t>(~tcp_lost);
        }
        sk.lost_out = 0;
    }
    if (sk.prior_ssthresh != 0) {
        sk.snd_cwnd = lib::max(sk.snd_cwnd, sk.congestion->undo(sk));
        if (sk.prior_ssthresh > sk.snd_ssthresh) {
            sk.snd_ssthresh = sk.prior_ssthresh;
            tcp_ecn_reduction_undone(sk);
        }
    }
    sk.cwnd_stamp = port::now();
    sk.undo_armed = false;
}

bool any_retransmission_outstanding(const tcp_sock& sk) {
    const sk_buff* oldest = sk.retransmit_queue.front();
    return sk.retransmitted_out != 0 ||
           (oldest != nullptr && (oldest->tcp.sacked & tcp_ever_retransmitted) != 0);
}

// ---- Entering and leaving ---------------------------------------------------------------------------------

uint32_t current_threshold(const tcp_sock& sk) {
    return tcp_window_is_being_reduced(sk) ? sk.snd_ssthresh
                                           : lib::max(sk.snd_ssthresh, sk.snd_cwnd / 2 + sk.snd_cwnd / 4);
}

void begin_reduction(tcp_sock& sk, uint32_t flight) {
    sk.high_seq = sk.snd_nxt;
    sk.snd_cwnd_count = 0;
    sk.prior_cwnd = sk.snd_cwnd;
    sk.prr_delivered = 0;
    sk.prr_out = 0;
    sk.prr_flight = lib::min(flight, sk.snd_cwnd);
    sk.snd_ssthresh = sk.congestion->threshold_after_loss(sk, flight);
    tcp_ecn_window_reduced(sk);
}

void end_reduction(tcp_sock& sk) {
    if (sk.snd_ssthresh < tcp_infinite_threshold &&
        (sk.recovery == tcp_recovery_state::cwr || sk.undo_armed)) {
        sk.snd_cwnd = sk.snd_ssthresh;
        sk.cwnd_stamp = port::now();
    }
}

void enter_recovery(tcp_sock& sk, bool congestion_echo) {
    count(*sk.owner_stack, sk.sack_ok ? mib::tcpext_sack_recovery : mib::tcpext_reno_recovery);
    sk.prior_ssthresh = 0;
    arm_undo(sk);
    if (!tcp_window_is_being_reduced(sk)) {
        sk.prior_ssthresh = congestion_echo ? 0 : current_threshold(sk); // 0: a mark is never undone
        begin_reduction(sk, sk.packets_out);
    }
    enter_state(sk, tcp_recovery_state::recovery);
}

/// ECE: once per window, as after a loss, but nothing is missing (RFC 3168 §6.1.2). What the ACK with the
/// mark has taken out of the flight counts: it is no sign of a sender that had less to send.
void enter_cwr(tcp_sock& sk, const tcp_ack_event& event) {
    sk.prior_ssthresh = 0;
    if (sk.recovery < tcp_recovery_state::cwr) {
        sk.undo_armed = false;
        begin_reduction(sk, sk.packets_out + event.acked_segments);
        enter_state(sk, tcp_recovery_state::cwr);
    }
}

/// Open, unless something is still missing.
void try_open(tcp_sock& sk) {
    if (!any_retransmission_outstanding(sk)) {
        sk.retransmission_started = 0;
    }
    if (sk.recovery == tcp_recovery_state::cwr) {
        return;
    }
    const bool holes = sk.sacked_out + sk.lost_out != 0 || any_retransmission_outstanding(sk);
    const tcp_recovery_state next = holes ? tcp_recovery_state::disorder : tcp_recovery_state::open;
    if (sk.recovery != next) {
        enter_state(sk, next);
        sk.high_seq = sk.snd_nxt;
    }
}

/// Everything up to high_seq arrived. True: stay a little longer in the state (RFC 6582 §3.2, "careful
/// variant": the duplicate ACKs of our own needless retransmissions must not start another recovery).
bool finish_recovery(tcp_sock& sk) {
    if (may_undo(sk)) {
        undo_reduction(sk, false);
        count(*sk.owner_stack, mib::tcpext_full_undo);
    }
    if (sk.snd_una == sk.high_seq && !sk.sack_ok) {
        if (!any_retransmission_outstanding(sk)) {
            sk.retransmission_started = 0;
        }
        return true;
    }
    end_reduction(sk);
    enter_state(sk, tcp_recovery_state::open);
    sk.undo_armed = false;
    return false;
}

// ---- What is lost -----------------------------------------------------------------------------------------

/// RFC 6675 §4 IsLost: a segment is lost when `reordering` segments sent after it have arrived. Marks from
/// the front until no more than `arrived_after` SACKed segments have been passed; without SACK, the oldest
/// segment.
void mark_head_lost(tcp_sock& sk, uint32_t arrived_after, bool only_first) {
    uint32_t passed = 0;
    sk_buff* skb = sk.retransmit_queue.front();
    for (; skb != nullptr; skb = sk.retransmit_queue.next(*skb)) {
        if (skb->tcp.end_seq > sk.high_seq) {
            break;
        }
        if ((skb->tcp.sacked & tcp_sacked_acked) != 0) {
            passed += skb->tcp.segments;
            if (passed > arrived_after) {
                break;
            }
            continue;
        }
        if (only_first && skb->tcp.segments > 1 && skb->length() > sk.mss_cache &&
            !tcp_split(sk, sk.retransmit_queue, *skb, sk.mss_cache).ok()) {
            break;
        }
        tcp_mark_lost(sk, *skb);
        if (only_first) {
            break;
        }
    }
}

void mark_losses(tcp_sock& sk, bool entering) {
    if (!sk.sack_ok) {
        mark_head_lost(sk, 0, true);
    } else if (sk.sacked_out >= sk.reordering) {
        mark_head_lost(sk, sk.sacked_out - sk.reordering, false);
    } else if (entering) {
        mark_head_lost(sk, 0, true);
    }
}

bool is_time_to_recover(const tcp_sock& sk) {
    return sk.lost_out != 0 || sk.sacked_out >= sk.reordering;
}

/// The peer has dropped what it had SACKed (RFC 2018 §8 allows that): the oldest segment would then never be
/// sent again.
bool peer_reneged(tcp_sock& sk) {
    const sk_buff* oldest = sk.retransmit_queue.front();
    if (oldest == nullptr || (oldest->tcp.sacked & tcp_sacked_acked) == 0) {
        return false;
    }
    const port::time_ns soon =
        lib::max(port::time_ns{sk.srtt_us >> 4} * port::microsecond, 10 * port::millisecond);
    tcp_arm_retransmit(sk, tcp_timer_purpose::retransmit, soon);
    return true;
}

// ---- One function per state -------------------------------------------------------------------------------

void in_recovery(tcp_sock& sk, const tcp_ack_event& event, bool duplicate) {
    if (!event.una_advanced) {
        if (!sk.sack_ok && duplicate) {
            count_duplicate_ack(sk);
        }
        if (sk.sack_ok) {
            mark_losses(sk, false);
        }
        return;
    }
    // A partial ACK: the next hole begins where it ends (RFC 6582 §3.2 step 5), unless nothing was lost at
    // all.
    if (may_undo(sk) && original_arrived(sk)) {
        count(*sk.owner_stack, mib::tcpext_partial_undo);
        undo_reduction(sk, true);
        try_open(sk);
        if (sk.recovery != tcp_recovery_state::recovery) {
            return;
        }
    }
    mark_losses(sk, !sk.sack_ok);
}

void in_loss(tcp_sock& sk, const tcp_ack_event& event, bool duplicate) {
    if (event.una_advanced && may_undo(sk)) {
        undo_reduction(sk, true);
        count(*sk.owner_stack, mib::tcpext_full_undo);
        sk.retransmits = 0;
        enter_state(sk, tcp_recovery_state::open);
        return;
    }
    if (!sk.sack_ok) {
        if (event.una_advanced) {
            sk.sacked_out = 0;
        } else if (duplicate && sk.snd_nxt > sk.high_seq) {
            count_duplicate_ack(sk);
        }
    }
}

void in_open(tcp_sock& sk, const tcp_ack_event& event, bool duplicate) {
    if (!sk.sack_ok) {
        if (event.una_advanced) {
            sk.sacked_out = 0;
        }
        if (duplicate) {
            count_duplicate_ack(sk);
        }
    }
    if (!is_time_to_recover(sk)) {
        if (event.congestion_echo) {
            enter_cwr(sk, event);
        }
        try_open(sk);
        return;
    }
    enter_recovery(sk, event.congestion_echo);
    mark_losses(sk, true);
}

/// True when the ACK leaves the state for good and there is nothing more to decide.
bool leave_at_high_seq(tcp_sock& sk) {
    switch (sk.recovery) {
    case tcp_recovery_state::loss:
        return finish_recovery(sk);
    case tcp_recovery_state::recovery:
        if (!sk.sack_ok) {
            sk.sacked_out = 0;
        }
        return finish_recovery(sk);
    case tcp_recovery_state::cwr:
        if (sk.snd_una != sk.high_seq) {
            end_reduction(sk);
            enter_state(sk, tcp_recovery_state::open);
        }
        return false;
    default:
        return false;
    }
}

} // namespace

void tcp_mark_lost(tcp_sock& sk, sk_buff& skb) {
    if ((skb.tcp.sacked & (tcp_lost | tcp_sacked_acked)) != 0) {
        return;
    }
    skb.tcp.sacked |= tcp_lost;
    sk.lost_out += skb.tcp.segments;
}

void tcp_detect_losses(tcp_sock& sk, tcp_ack_event& event) {
    if (!sk.sack_ok) {
        uncount_duplicates(sk, event.acked_segments);
    }
    const bool duplicate = !event.una_advanced && !event.carries_data && !event.window_differs;
    const bool dubious = duplicate || event.newly_sacked || event.duplicate_sack || event.congestion_echo ||
                         sk.recovery != tcp_recovery_state::open;
    if (!dubious) {
        return;
    }
    if (event.congestion_echo) {
        sk.prior_ssthresh = 0;
    }
    const uint32_t lost_before = sk.lost_out;
    if (sk.packets_out == 0) {
        sk.sacked_out = 0;
    }
    if (sk.sack_ok && peer_reneged(sk)) {
        return;
    }
    const bool recovering =
        sk.recovery != tcp_recovery_state::open && sk.recovery != tcp_recovery_state::disorder;
    if (recovering && sk.snd_una >= sk.high_seq && leave_at_high_seq(sk)) {
        return;
    }
    switch (sk.recovery) {
    case tcp_recovery_state::recovery:
        in_recovery(sk, event, duplicate);
        break;
    case tcp_recovery_state::loss:
        in_loss(sk, event, duplicate);
        break;
    default:
        in_open(sk, event, duplicate);
        break;
    }
    event.newly_lost = sk.lost_out > lost_before ? sk.lost_out - lost_before : 0;
}

void tcp_enter_loss(tcp_sock& sk) {
    const bool first = sk.recovery <= tcp_recovery_state::disorder || sk.snd_una >= sk.high_seq ||
                       (sk.recovery == tcp_recovery_state::loss && sk.retransmits == 0);
    if (first) {
        sk.prior_ssthresh = current_threshold(sk);
        sk.prior_cwnd = sk.snd_cwnd;
        sk.snd_ssthresh = sk.congestion->threshold_after_loss(sk, sk.packets_out);
        arm_undo(sk);
    }
    const sk_buff* oldest = sk.retransmit_queue.front();
    const bool reneged = oldest != nullptr && (oldest->tcp.sacked & tcp_sacked_acked) != 0;
    if (reneged) {
        count(*sk.owner_stack, mib::tcpext_sack_reneging);
        for (wire::sack_block& block : sk.received_sacks) {
            block = {};
        }
    }
    if (reneged || !sk.sack_ok) {
        sk.sacked_out = 0;
    }
    sk.retransmitted_out = 0;
    for (sk_buff& skb : sk.retransmit_queue) {
        if (reneged) {
            skb.tcp.sacked &= static_cast<uint8_t>(~tcp_sacked_acked);
        }
        skb.tcp.sacked &= static_cast<uint8_t>(~tcp_sacked_retransmitted);
        tcp_mark_lost(sk, skb);
    }
    sk.snd_cwnd = tcp_in_flight(sk) + 1;
    sk.snd_cwnd_count = 0;
    sk.cwnd_stamp = port::now();
    if (sk.recovery <= tcp_recovery_state::disorder && sk.sacked_out >= 3) {
        sk.reordering =
            lib::min(sk.reordering, static_cast<uint32_t>(sk.owner_stack->settings.tcp_reordering));
    }
    enter_state(sk, tcp_recovery_state::loss);
    sk.high_seq = sk.snd_nxt;
    tcp_ecn_window_reduced(sk);
}

void tcp_resend_after_mtu_change(tcp_sock& sk) {
    for (sk_buff& skb : sk.retransmit_queue) {
        if (skb.length() > sk.mss_cache && (skb.tcp.sacked & tcp_sacked_acked) == 0) {
            if ((skb.tcp.sacked & tcp_sacked_retransmitted) != 0) {
                skb.tcp.sacked &= static_cast<uint8_t>(~tcp_sacked_retransmitted);
                sk.retransmitted_out -= skb.tcp.segments;
            }
            tcp_mark_lost(sk, skb);
        }
    }
    if (sk.lost_out == 0) {
        return;
    }
    if (!sk.sack_ok) {
        limit_duplicates(sk);
    }
    if (sk.recovery != tcp_recovery_state::loss) {
        sk.high_seq = sk.snd_nxt;
        sk.prior_ssthresh = 0;
        sk.undo_armed = false;
        enter_state(sk, tcp_recovery_state::loss);
    }
    tcp_retransmit_lost(sk);
}

} // namespace net
