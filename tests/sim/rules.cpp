// See rules.hpp.

#include "sim/rules.hpp"

#include "net/ipv4/tcp_output.hpp"

namespace sim {
namespace {

using net::sk_buff;
using net::skb_queue;
using net::tcp_sock;
using net::tcp_state;

constexpr uint32_t synchronized =
    net::tcp_state_bit(tcp_state::established) | net::tcp_state_bit(tcp_state::fin_wait_1) |
    net::tcp_state_bit(tcp_state::fin_wait_2) | net::tcp_state_bit(tcp_state::close_wait) |
    net::tcp_state_bit(tcp_state::last_ack) | net::tcp_state_bit(tcp_state::closing);

/// The wheel turns in milliseconds and is late by less than one; the worker's turn comes in the same moment.
constexpr net::port::time_ns timer_slack = 2 * net::port::millisecond;

/// Order within a queue: each segment begins where the one before it ended, or later when holes are allowed.
enum class holes { none, allowed };
bool is_in_order(const skb_queue& queue, holes may_have) {
    const sk_buff* before = nullptr;
    for (const sk_buff& each : queue) {
        if (each.tcp.end_seq < each.tcp.seq) {
            return false;
        }
        if (before != nullptr && (may_have == holes::none ? each.tcp.seq != before->tcp.end_seq
                                                          : each.tcp.seq < before->tcp.end_seq)) {
            return false;
        }
        before = &each;
    }
    return true;
}

uint32_t queued_cost(const skb_queue& queue) {
    uint32_t sum = 0;
    for (const sk_buff& each : queue) {
        sum += net::tcp_queued_cost(each);
    }
    return sum;
}

const char* broken_send_queue_rule(const tcp_sock& sk) {
    if (!is_in_order(sk.retransmit_queue, holes::none) || !is_in_order(sk.write_queue, holes::none)) {
        return "a send queue is out of order";
    }
    if (!is_counted_right(sk.retransmit_queue) || !is_counted_right(sk.write_queue)) {
        return "a send queue is not as long as it says";
    }
    if (queued_cost(sk.retransmit_queue) + queued_cost(sk.write_queue) != sk.queued_memory) {
        return "queued_memory is not what is queued to be sent";
    }
    if (const sk_buff* first = sk.retransmit_queue.front()) {
        if (first->tcp.seq != sk.snd_una) {
            return "the retransmit queue does not begin at snd_una";
        }
        if (sk.retransmit_queue.back()->tcp.end_seq != sk.snd_nxt) {
            return "the retransmit queue does not end at snd_nxt";
        }
    }
    if (!sk.write_queue.empty() && (sk.write_queue.front()->tcp.seq != sk.snd_nxt ||
                                    sk.write_queue.back()->tcp.end_seq != sk.write_seq)) {
        return "the write queue is not from snd_nxt to write_seq";
    }
    uint32_t segments = 0;
    uint32_t sacked = 0;
    uint32_t lost = 0;
    uint32_t retransmitted = 0;
    for (const sk_buff& each : sk.retransmit_queue) {
        segments += each.tcp.segments;
        sacked += (each.tcp.sacked & net::tcp_sacked_acked) != 0 ? each.tcp.segments : 0;
        lost += (each.tcp.sacked & net::tcp_lost) != 0 ? each.tcp.segments : 0;
        retransmitted += (each.tcp.sacked & net::tcp_sacked_retransmitted) != 0 ? each.tcp.segments : 0;
    }
    if (segments != sk.packets_out || lost != sk.lost_out || retransmitted != sk.retransmitted_out ||
        (sk.sack_ok && sacked != sk.sacked_out)) {
        return "the counts of segments are not those of the retransmit queue";
    }
    return nullptr;
}

const char* broken_receive_queue_rule(const tcp_sock& sk) {
    if (!is_in_order(sk.receive_queue, holes::none) || !is_in_order(sk.out_of_order, holes::allowed)) {
        return "a receive queue is out of order";
    }
    if (!is_counted_right(sk.receive_queue) || !is_counted_right(sk.out_of_order)) {
        return "a receive queue is not as long as it says";
    }
    if (charged(sk.receive_queue) + charged(sk.out_of_order) != sk.receive_memory) {
        return "receive_memory is not what is queued to be read";
    }
    if (const sk_buff* last = sk.receive_queue.back(); last != nullptr && last->tcp.end_seq > sk.rcv_nxt) {
        return "the receive queue goes beyond rcv_nxt";
    }
    if (const sk_buff* first = sk.out_of_order.front(); first != nullptr && first->tcp.seq <= sk.rcv_nxt) {
        return "what is out of order is next";
    }
    const sk_buff* at = sk.out_of_order.front();
    for (unsigned i = 0; i < sk.range_count; i++) {
        const auto& range = sk.ranges[i];
        if (range.first != at || range.start != at->tcp.seq || range.end != range.last->tcp.end_seq ||
            (i > 0 && range.start <= sk.ranges[i - 1].end)) {
            return "the ranges are not those of the out-of-order queue";
        }
        at = sk.out_of_order.next(*range.last);
    }
    return at != nullptr ? "the ranges end before the out-of-order queue" : nullptr;
}

} // namespace

bool is_overdue(const net::timer& which, net::port::time_ns now) {
    return which.deadline != net::port::never && which.deadline + timer_slack < now;
}

bool is_counted_right(const skb_queue& queue) {
    unsigned count = 0;
    uint32_t bytes = 0;
    for (const sk_buff& each : queue) {
        count++;
        bytes += each.length();
    }
    return count == queue.count() && bytes == queue.bytes();
}

uint32_t charged(const skb_queue& queue) {
    uint32_t sum = 0;
    for (const sk_buff& each : queue) {
        sum += each.charged_bytes;
    }
    return sum;
}

const char* broken_sequence_rule(const tcp_sock& sk) {
    if (sk.snd_una > sk.snd_nxt || sk.snd_nxt > sk.write_seq) {
        return "not snd_una <= snd_nxt <= write_seq";
    }
    if (net::tcp_in(sk, synchronized)) {
        if (sk.copied_seq > sk.rcv_nxt || sk.rcv_wup > sk.rcv_nxt) {
            return "not copied_seq, rcv_wup <= rcv_nxt";
        }
    }
    if (sk.packets_out == 0 ? !sk.retransmit_queue.empty() : sk.retransmit_queue.empty()) {
        return "packets_out does not tell whether the retransmit queue is empty";
    }
    if (sk.sacked_out + sk.lost_out > sk.packets_out || sk.retransmitted_out > sk.packets_out) {
        return "more segments are sacked, lost or retransmitted than sent";
    }
    return nullptr;
}

const char* broken_queue_rule(const tcp_sock& sk) {
    const char* broken = broken_send_queue_rule(sk);
    return broken != nullptr ? broken : broken_receive_queue_rule(sk);
}

const char* broken_timer_rule(const tcp_sock& sk, net::port::time_ns now) {
    if (sk.state == tcp_state::closed || sk.state == tcp_state::listen) {
        return nullptr;
    }
    if (sk.packets_out != 0 && sk.retransmit_timer.deadline == net::port::never) {
        return "data is unacknowledged and no timer runs";
    }
    if (sk.packets_out != 0 && sk.timer_purpose == net::tcp_timer_purpose::none) {
        return "data is unacknowledged and the timer runs for nothing";
    }
    if (sk.packets_out == 0 && !sk.write_queue.empty() && sk.snd_wnd == 0 &&
        sk.retransmit_timer.deadline == net::port::never && net::tcp_in(sk, synchronized)) {
        return "data waits for a closed window and nothing probes it";
    }
    if ((sk.ack_pending & net::tcp_ack_timer) != 0 && sk.delayed_ack_timer.deadline == net::port::never) {
        return "an ACK is delayed and no timer runs";
    }
    if (is_overdue(sk.retransmit_timer, now) || is_overdue(sk.delayed_ack_timer, now) ||
        is_overdue(sk.keepalive_timer, now)) {
        return "a timer is overdue";
    }
    return nullptr;
}

const char* broken_rule(const tcp_sock& sk, net::port::time_ns now) {
    if (const char* broken = broken_sequence_rule(sk)) {
        return broken;
    }
    if (const char* broken = broken_queue_rule(sk)) {
        return broken;
    }
    return broken_timer_rule(sk, now);
}

} // namespace sim
