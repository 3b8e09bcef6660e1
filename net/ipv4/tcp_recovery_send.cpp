#include "net/ipv4/tcp_recovery.hpp"

// What is sent while losses are being repaired. The window follows the deliveries (proportional rate
// reduction, RFC 6937) instead of jumping to half at once and stalling: above the threshold for every two
// segments that arrive about one leaves. What is marked lost goes first, oldest first; new data follows by
// the usual way when there is window left.

#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/stack.hpp"

namespace net {

void tcp_adjust_window(tcp_sock& sk, const tcp_ack_event& event) {
    if (!tcp_window_is_being_reduced(sk)) {
        if (event.data_acked && event.acked_segments != 0) {
            sk.congestion->grow(sk, event.acked_segments);
        }
        return;
    }
    if (event.delivered == 0 && sk.sack_ok) {
        return;
    }
    // RFC 6937: above the threshold send in proportion to what arrives, below it at most as much as arrives.
    const uint32_t delivered = sk.sack_ok ? event.delivered : lib::max(event.delivered, 1u);
    const uint32_t in_flight = tcp_in_flight(sk);
    sk.prr_delivered += delivered;
    int64_t may_send = 0;
    if (in_flight > sk.snd_ssthresh) {
        const uint64_t proportion = uint64_t{sk.snd_ssthresh} * sk.prr_delivered + sk.prr_flight - 1;
        may_send = static_cast<int64_t>(proportion / lib::max(sk.prr_flight, 1u)) - sk.prr_out;
    } else {
        may_send = lib::max<int64_t>(int64_t{sk.prr_delivered} - sk.prr_out, delivered);
        if (event.una_advanced && event.newly_lost == 0) {
            may_send++;
        }
        may_send = lib::min<int64_t>(may_send, int64_t{sk.snd_ssthresh} - in_flight);
    }
    // The first retransmission always leaves.
    may_send = lib::max<int64_t>(may_send, sk.prr_out != 0 ? 0 : 1);
    sk.snd_cwnd = in_flight + static_cast<uint32_t>(may_send);
}

void tcp_retransmit_lost(tcp_sock& sk) {
    if (sk.lost_out == 0 || sk.lost_out + sk.sacked_out > sk.packets_out) {
        return;
    }
    for (sk_buff* skb = sk.retransmit_queue.front(); skb != nullptr; skb = sk.retransmit_queue.next(*skb)) {
        if ((skb->tcp.sacked & (tcp_sacked_acked | tcp_sacked_retransmitted)) != 0 ||
            (skb->tcp.sacked & tcp_lost) == 0) {
            continue;
        }
        const uint32_t in_flight = tcp_in_flight(sk);
        if (in_flight >= sk.snd_cwnd || !tcp_retransmit(sk, *skb, sk.snd_cwnd - in_flight).ok()) {
            break;
        }
        const bool in_loss_state = sk.recovery == tcp_recovery_state::loss;
        count(*sk.owner_stack,
              in_loss_state ? mib::tcpext_slow_start_retransmits : mib::tcpext_fast_retransmits);
        sk.prr_out += tcp_window_is_being_reduced(sk) ? skb->tcp.segments : 0;
        if (skb == sk.retransmit_queue.front()) {
            tcp_rearm_retransmit(sk);
        }
    }
}

} // namespace net
