#include "net/ipv4/tcp_ack_policy.hpp"

// The ACK policy, as Linux plays it. The rule of the RFCs is simple: acknowledge at least every second full
// segment, and nothing later than half a second. What there is on top:
//
//  - quick ACKs: at the start of a connection, and after losses, each segment is acknowledged at once,
//  because the
//    sender is in slow start and needs the ACKs to open its window;
//  - pingpong: when data goes out as answers to data coming in, ACKs wait to ride on the answers;
//  - the delay adapts to the peer's pace between 40 and 200 ms;
//  - a user who reads may trigger a window update;
//  - ACKs that are due leave at the end of a batch of frames (tcp_batch.cpp).

#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_batch.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

void grant_quick_acks(tcp_sock& sk, unsigned limit) {
    unsigned acks = sk.rcv_wnd / (2 * lib::max(sk.rcv_mss, 1u));
    acks = lib::clamp(acks, 2u, limit);
    sk.quick_acks = static_cast<uint8_t>(lib::max<unsigned>(sk.quick_acks, acks));
}

/// What a full segment of the peer measures: the "every second full segment" rule counts in it.
void learn_segment_size(tcp_sock& sk, const sk_buff& skb) {
    const uint32_t length = skb.gso_size != 0 ? skb.gso_size : skb.length();
    if (length >= sk.rcv_mss) {
        sk.rcv_mss =
            lib::clamp<uint32_t>(length, tcp_minimum_rcv_mss, lib::max<uint32_t>(sk.advertised_mss, 88));
    } else if ((skb.tcp.flags & wire::tcp_psh) != 0) {
        sk.ack_pending |= (sk.ack_pending & tcp_ack_pushed) != 0 ? tcp_ack_pushed_twice : 0;
        sk.ack_pending |= tcp_ack_pushed;
    }
}

/// Follows the gaps between segments with the delay (half old, half new).
void learn_pace(tcp_sock& sk) {
    const port::time_ns now = port::now();
    if (sk.ack_timeout == 0) {
        grant_quick_acks(sk, tcp_quick_acks_at_start);
        sk.ack_timeout = tcp_ack_timeout_initial;
    } else {
        const port::time_ns gap = now - sk.last_data_received;
        if (gap <= tcp_ack_timeout_initial / 2) {
            sk.ack_timeout = sk.ack_timeout / 2 + tcp_ack_timeout_initial / 2;
        } else if (gap < sk.ack_timeout) {
            sk.ack_timeout = lib::min(sk.ack_timeout / 2 + gap, sk.rto);
        } else if (gap > sk.rto) {
            grant_quick_acks(sk,
                             tcp_quick_acks_at_start); // the sender starts slowly again after such a pause
        }
    }
    sk.last_data_received = now;
}

/// More than one full segment since the last ACK, and the ACK would not take window back.
bool second_segment_arrived(tcp_sock& sk) {
    if (sk.rcv_nxt - sk.rcv_wup <= static_cast<int32_t>(sk.rcv_mss)) {
        return false;
    }
    const bool reader_waits_for_more = sk.rcv_nxt - sk.copied_seq < sk.receive_low_water;
    return reader_waits_for_more || tcp_window_to_offer(sk) >= sk.rcv_wnd;
}

} // namespace

void tcp_note_data_received(tcp_sock& sk, const sk_buff& skb) {
    sk.ack_pending |= tcp_ack_scheduled;
    learn_segment_size(sk, skb);
    tcp_measure_receive_rtt(sk, skb);
    learn_pace(sk);
    if (skb.length() >= 128) {
        tcp_grow_window(sk, skb);
    }
}

void tcp_note_data_sent(tcp_sock& sk) {
    const port::time_ns now = port::now();
    if (sk.packets_out == 0 && sk.last_data_sent != 0) {
        sk.cwnd_stamp = now;
    }
    if (now - sk.last_data_received < sk.ack_timeout && sk.pingpong < 3) {
        sk.pingpong++;
    }
    sk.last_data_sent = now;
}

void tcp_note_ack_sent(tcp_sock& sk) {
    if (sk.quick_acks != 0 && --sk.quick_acks == 0) {
        sk.ack_timeout = tcp_ack_timeout_initial;
    }
    sk.ack_pending = 0;
    sk.ack_owed = false;
}

bool tcp_in_quick_ack(const tcp_sock& sk) {
    return sk.quick_acks != 0 && sk.pingpong == 0;
}

void tcp_enter_quick_ack(tcp_sock& sk, unsigned limit) {
    grant_quick_acks(sk, limit);
    sk.pingpong = 0;
    sk.ack_timeout = tcp_ack_timeout_initial;
}

void tcp_check_ack(tcp_sock& sk) {
    if ((sk.ack_pending & (tcp_ack_scheduled | tcp_ack_now)) == 0) {
        return;
    }
    if ((sk.ack_pending & tcp_ack_now) != 0 || !sk.out_of_order.empty()) {
        tcp_send_ack(sk); // each of these counts: they are what fast retransmit goes by
    } else if (tcp_in_quick_ack(sk) || second_segment_arrived(sk)) {
        tcp_owe_ack(sk);
    } else {
        tcp_send_delayed_ack(sk);
    }
}

void tcp_send_delayed_ack(tcp_sock& sk) {
    port::time_ns delay = sk.ack_timeout;
    if (delay > tcp_delayed_ack_minimum) {
        port::time_ns longest = port::second / 2;
        if (sk.pingpong != 0 || (sk.ack_pending & tcp_ack_pushed) != 0) {
            longest = tcp_delayed_ack_maximum;
        }
        if (sk.srtt_us != 0) {
            longest = lib::min(longest, lib::max(port::time_ns{sk.srtt_us >> 3} * port::microsecond,
                                                 tcp_delayed_ack_minimum));
        }
        delay = lib::min(delay, longest);
    }
    port::time_ns deadline = port::now() + delay;
    if ((sk.ack_pending & tcp_ack_timer) != 0) {
        if (sk.delayed_ack_deadline <= port::now() + delay / 4) {
            tcp_send_ack(sk); // it is about to fire
            return;
        }
        deadline = lib::min(deadline, sk.delayed_ack_deadline);
    }
    sk.ack_pending |= tcp_ack_scheduled | tcp_ack_timer;
    tcp_arm_delayed_ack(sk, deadline);
}

void tcp_delayed_ack_timeout(tcp_sock& sk) {
    sk.ack_pending &= static_cast<uint8_t>(~tcp_ack_timer);
    if ((sk.ack_pending & tcp_ack_scheduled) == 0) {
        return;
    }
    if (sk.pingpong == 0) {
        sk.ack_timeout = lib::min(sk.ack_timeout * 2, sk.rto);
    } else {
        // No answer came to ride on: so this is not a conversation.
        sk.pingpong = 0;
        sk.ack_timeout = tcp_ack_timeout_initial;
    }
    tcp_send_ack(sk);
    count(*sk.owner_stack, mib::tcpext_delayed_acks);
}

void tcp_after_read(tcp_sock& sk, size_t copied) {
    bool ack_now = false;
    if ((sk.ack_pending & tcp_ack_scheduled) != 0) {
        const bool pushed = (sk.ack_pending & tcp_ack_pushed_twice) != 0 ||
                            ((sk.ack_pending & tcp_ack_pushed) != 0 && sk.pingpong == 0);
        ack_now = sk.rcv_nxt - sk.rcv_wup > static_cast<int32_t>(sk.rcv_mss) ||
                  (copied > 0 && pushed && sk.receive_memory == 0);
    }
    if (copied > 0 && !ack_now && (sk.shutdown & receive_shutdown) == 0) {
        // RFC 9293 §3.8.6.2.2: a window update is worth a segment when the window has doubled.
        const uint32_t offered = tcp_receive_window(sk);
        if (2 * uint64_t{offered} <= sk.window_clamp) {
            const uint32_t to_offer = tcp_window_to_offer(sk);
            ack_now = to_offer != 0 && to_offer >= 2 * offered;
        }
    }
    if (ack_now) {
        tcp_send_ack(sk);
    }
}

} // namespace net
