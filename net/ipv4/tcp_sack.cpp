#include "net/ipv4/tcp_sack.hpp"

// Telling: up to four blocks, the most recently changed first, so that a lost ACK costs nothing: each block
// is told at least three times. A D-SACK goes before all of them.
//
// Listening: each block marks packets of the retransmit queue as arrived (the "scoreboard" of RFC 6675 is
// these marks). A block that begins or ends inside a packet of several segments cuts the packet at a segment
// boundary. The peer may say anything: blocks outside [snd_una, snd_nxt) are ignored, equal blocks as in the
// previous ACK are skipped, cutting never goes below a segment, and a queue of more than 256 blocks and 256
// holes is cut no further: what SACK says beyond that is ignored, which costs a retransmission at most. So
// SACKing every second byte buys an attacker nothing (CVE-2019-11477, -11478).

#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr uint32_t largest_reordering = 300;
constexpr uint32_t scoreboard_limit = 2 * 256; ///< packets: every ACK walks them

// ---- Telling ----

bool touches(const wire::sack_block& block, wire::seq start, wire::seq end) {
    return start <= block.end && block.start <= end;
}

void remove_told(tcp_sock& sk, unsigned index) {
    for (unsigned i = index + 1; i < sk.selective_ack_count; i++) {
        sk.selective_acks[i - 1] = sk.selective_acks[i];
    }
    sk.selective_ack_count--;
}

// ---- Listening ----

bool is_duplicate_report(const wire::tcp_options& options, wire::seq ack) {
    const wire::sack_block& first = options.sacks[0];
    if (first.start < ack) {
        return true;
    }
    return options.sack_count > 1 && first.start >= options.sacks[1].start &&
           first.end <= options.sacks[1].end;
}

void take_duplicate_report(tcp_sock& sk, const wire::sack_block& block, tcp_ack_event& event) {
    event.duplicate_sack = true;
    sk.dsack_duplicates++;
    count(*sk.owner_stack, mib::tcpext_dsack_received);
    if (sk.undo_armed && sk.undo_retransmissions > 0 && block.end <= event.prior_una &&
        block.start >= sk.undo_marker) {
        sk.undo_retransmissions--; // one more retransmission that was needless
    }
}

bool believable(const tcp_sock& sk, const wire::sack_block& block) {
    return block.start < block.end && block.end <= sk.snd_nxt && block.start >= sk.snd_una;
}

bool seen_before(const tcp_sock& sk, const wire::sack_block& block) {
    for (const wire::sack_block& old : sk.received_sacks) {
        if (old == block) {
            return true;
        }
    }
    return false;
}

void mark_arrived(tcp_sock& sk, sk_buff& skb, wire::seq highest_before, wire::seq* lowest_late,
                  tcp_ack_event& event) {
    if ((skb.tcp.sacked & tcp_sacked_retransmitted) != 0) {
        sk.retransmitted_out -= skb.tcp.segments;
    }
    if ((skb.tcp.sacked & tcp_lost) != 0) {
        sk.lost_out -= skb.tcp.segments;
    }
    if ((skb.tcp.sacked & tcp_ever_retransmitted) == 0) {
        event.sack_rtt_us = lib::max<uint64_t>((port::now() - skb.tcp.sent_at) / port::microsecond, 1);
        if (skb.tcp.end_seq < highest_before && skb.tcp.seq < *lowest_late) {
            *lowest_late = skb.tcp.seq; // sent once and arrived after later ones: the network reorders
        }
    }
    skb.tcp.sacked &= static_cast<uint8_t>(~(tcp_sacked_retransmitted | tcp_lost));
    skb.tcp.sacked |= tcp_sacked_acked;
    sk.sacked_out += skb.tcp.segments;
    event.delivered += skb.tcp.segments;
    event.newly_sacked = true;
    if (skb.tcp.end_seq > sk.highest_sacked) {
        sk.highest_sacked = skb.tcp.end_seq;
    }
}

/// Where a packet that is only partly inside the block is to be cut: 0 = nowhere.
uint32_t cut_at(const sk_buff& skb, const wire::sack_block& block, uint32_t mss) {
    uint32_t bytes = 0;
    if (skb.tcp.seq < block.start) {
        bytes = static_cast<uint32_t>(lib::round_up(static_cast<uint32_t>(block.start - skb.tcp.seq), mss));
    } else {
        bytes = static_cast<uint32_t>(lib::round_down(static_cast<uint32_t>(block.end - skb.tcp.seq), mss));
    }
    return bytes < skb.length() ? bytes : 0;
}

void take_block(tcp_sock& sk, const wire::sack_block& block, wire::seq highest_before, wire::seq* lowest_late,
                tcp_ack_event& event) {
    for (sk_buff* skb = sk.retransmit_queue.front(); skb != nullptr; skb = sk.retransmit_queue.next(*skb)) {
        if (skb->tcp.seq >= block.end) {
            break;
        }
        if (skb->tcp.end_seq <= block.start || (skb->tcp.sacked & tcp_sacked_acked) != 0) {
            continue;
        }
        bool inside = skb->tcp.seq >= block.start && skb->tcp.end_seq <= block.end;
        if (!inside) {
            const bool starts_inside = skb->tcp.seq >= block.start;
            const uint32_t bytes = cut_at(*skb, block, sk.mss_cache);
            if (bytes == 0 || sk.retransmit_queue.count() >= scoreboard_limit ||
                !tcp_split(sk, sk.retransmit_queue, *skb, bytes).ok()) {
                continue;
            }
            inside = starts_inside; // otherwise the rest, which comes next, is
        }
        if (inside) {
            mark_arrived(sk, *skb, highest_before, lowest_late, event);
        }
    }
}

} // namespace

void tcp_fill_sack_option(tcp_sock& sk, wire::tcp_options& options) {
    if (sk.selective_ack_count == 0 && !sk.duplicate_sack_owed) {
        return;
    }
    const unsigned room = options.has_timestamp ? 3 : 4;
    if (sk.duplicate_sack_owed) {
        options.sacks[options.sack_count++] = sk.duplicate_sack;
        sk.duplicate_sack_owed = false;
    }
    for (unsigned i = 0; i < sk.selective_ack_count && options.sack_count < room; i++) {
        options.sacks[options.sack_count++] = sk.selective_acks[i];
    }
}

void tcp_tell_sack(tcp_sock& sk, wire::seq start, wire::seq end) {
    for (unsigned i = 0; i < sk.selective_ack_count;) {
        const wire::sack_block& told = sk.selective_acks[i];
        if (!touches(told, start, end)) {
            i++;
            continue;
        }
        start = told.start < start ? told.start : start;
        end = told.end > end ? told.end : end;
        remove_told(sk, i);
    }
    const unsigned kept = lib::min<unsigned>(sk.selective_ack_count, 3);
    for (unsigned i = kept; i > 0; i--) {
        sk.selective_acks[i] = sk.selective_acks[i - 1];
    }
    sk.selective_acks[0] = {start, end};
    sk.selective_ack_count = static_cast<uint8_t>(kept + 1);
}

void tcp_forget_sacks(tcp_sock& sk) {
    if (sk.out_of_order.empty()) {
        sk.selective_ack_count = 0;
        return;
    }
    for (unsigned i = 0; i < sk.selective_ack_count;) {
        if (sk.selective_acks[i].start <= sk.rcv_nxt) {
            remove_told(sk, i);
        } else {
            i++;
        }
    }
}

void tcp_tell_duplicate(tcp_sock& sk, wire::seq start, wire::seq end) {
    if (!sk.sack_ok || !sk.owner_stack->settings.tcp_dsack) {
        return;
    }
    if (sk.duplicate_sack_owed && touches(sk.duplicate_sack, start, end)) {
        start = sk.duplicate_sack.start < start ? sk.duplicate_sack.start : start;
        end = sk.duplicate_sack.end > end ? sk.duplicate_sack.end : end;
    }
    if (start < sk.rcv_nxt) {
        count(*sk.owner_stack, mib::tcpext_dsack_old_sent);
    }
    sk.duplicate_sack = {start, end};
    sk.duplicate_sack_owed = true;
}

void tcp_take_sacks(tcp_sock& sk, const wire::tcp_options& options, tcp_ack_event& event) {
    if (sk.sacked_out == 0) {
        sk.highest_sacked = sk.snd_una;
    }
    unsigned first = 0;
    if (is_duplicate_report(options, sk.snd_una)) { // RFC 2883 §4: below the ACK that carries it
        take_duplicate_report(sk, options.sacks[0], event);
        first = 1;
    }
    const wire::seq highest_before = sk.highest_sacked;
    wire::seq lowest_late = highest_before;
    for (unsigned i = first; i < options.sack_count; i++) {
        if (believable(sk, options.sacks[i]) && !seen_before(sk, options.sacks[i])) {
            take_block(sk, options.sacks[i], highest_before, &lowest_late, event);
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        sk.received_sacks[i] = i < options.sack_count ? options.sacks[i] : wire::sack_block{};
    }
    if (lowest_late < highest_before) {
        const auto bytes = static_cast<uint32_t>(highest_before - lowest_late);
        const uint32_t segments = lib::min((bytes + sk.mss_cache - 1) / sk.mss_cache, largest_reordering);
        sk.reordering = lib::max(sk.reordering, segments);
    }
}

} // namespace net
