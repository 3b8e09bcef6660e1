#include "net/ipv4/tcp_ecn.hpp"

// RFC 3168 §6.1, from the SYN to the answer:
//
//   SYN  ECE CWR ──────────>          the client can do it
//        <────────── SYN-ACK  ECE     the server too
//   data, ECT(0) ──> router ──> data, CE
//        <──────────────── ACK  ECE   on everything, until ...
//   data, CWR ─────────────>          ... the sender has slowed down
//
// Only new data may be marked: a mark on a pure ACK or a retransmission could not be answered for, or would
// be an attacker's means (§6.1.4, §6.1.5).

#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

namespace net {

namespace {

constexpr uint8_t ecn_setup = wire::tcp_ece | wire::tcp_cwr;
constexpr uint8_t quick_acks_after_mark = 2;

ip_ecn mark_of(const sk_buff& skb) {
    const auto& ip = *reinterpret_cast<const wire::ipv4_header*>(skb.network_header);
    return static_cast<ip_ecn>(ip.tos & ip_ecn_mask);
}

} // namespace

uint8_t tcp_ecn_offer(tcp_sock& sk) {
    const bool offer = sk.owner_stack->settings.tcp_ecn == 1;
    sk.ecn = offer ? tcp_ecn_agreed : 0;
    return offer ? ecn_setup : 0;
}

void tcp_ecn_fall_back(const tcp_sock& sk, sk_buff& syn) {
    const bool plain_syn = (syn.tcp.flags & (wire::tcp_syn | wire::tcp_ack)) == wire::tcp_syn;
    if (plain_syn && sk.owner_stack->settings.tcp_ecn_fallback) {
        syn.tcp.flags &= static_cast<uint8_t>(~ecn_setup);
    }
}

void tcp_ecn_take_syn_ack(tcp_sock& sk, const sk_buff& syn_ack) {
    // Both flags: a host that only reflects what it does not understand (§6.1.1).
    if ((syn_ack.tcp.flags & ecn_setup) != wire::tcp_ece) {
        sk.ecn = 0;
    }
}

void tcp_ecn_take_syn(tcp_sock& sk, const sk_buff& syn) {
    if ((syn.tcp.flags & ecn_setup) != ecn_setup) {
        sk.ecn = 0;
    }
}

bool tcp_ecn_accepts(const tcp_sock& listener, const sk_buff& syn) {
    return listener.owner_stack->settings.tcp_ecn != 0 && (syn.tcp.flags & ecn_setup) == ecn_setup &&
           mark_of(syn) == ip_ecn_not_ect; // a SYN must not be markable: who sends such follows other rules
}

ip_ecn tcp_ecn_mark_outgoing(tcp_sock& sk, tcp_skb_notes& notes, uint32_t payload) {
    if ((sk.ecn & tcp_ecn_agreed) == 0 || (notes.flags & wire::tcp_syn) != 0) {
        return ip_ecn_not_ect;
    }
    if ((sk.ecn & tcp_ecn_echo) != 0) {
        notes.flags |= wire::tcp_ece;
    }
    const bool new_data = payload != 0 && notes.seq >= sk.snd_nxt;
    if (!new_data) {
        return ip_ecn_not_ect;
    }
    if (tcp_ecn_owes_cwr(sk)) {
        sk.ecn &= static_cast<uint8_t>(~tcp_ecn_cwr_owed);
        notes.flags |= wire::tcp_cwr;
    }
    return ip_ecn_ect_0;
}

void tcp_ecn_receive_data(tcp_sock& sk, const sk_buff& skb) {
    if ((sk.ecn & tcp_ecn_agreed) == 0) {
        return;
    }
    if ((skb.tcp.flags & wire::tcp_cwr) != 0) {
        sk.ecn &= static_cast<uint8_t>(~tcp_ecn_echo);
        sk.ack_pending |=
            tcp_ack_scheduled | tcp_ack_now; // his window may be one segment: he waits for this ACK
    }
    switch (mark_of(skb)) {
    case ip_ecn_not_ect:
        if ((sk.ecn & tcp_ecn_seen) != 0) { // all others could be marked: a retransmission
            tcp_enter_quick_ack(sk, quick_acks_after_mark);
        }
        return;
    case ip_ecn_ce:
        if ((sk.ecn & tcp_ecn_echo) == 0) {
            tcp_enter_quick_ack(sk, quick_acks_after_mark);
        }
        sk.ecn |= tcp_ecn_echo;
        break;
    default:
        break;
    }
    sk.ecn |= tcp_ecn_seen;
}

bool tcp_ecn_is_echo(const tcp_sock& sk, const sk_buff& skb) {
    return (sk.ecn & tcp_ecn_agreed) != 0 &&
           (skb.tcp.flags & (wire::tcp_ece | wire::tcp_syn)) == wire::tcp_ece;
}

void tcp_ecn_window_reduced(tcp_sock& sk) {
    sk.ecn |= (sk.ecn & tcp_ecn_agreed) != 0 ? tcp_ecn_cwr_owed : 0;
}

void tcp_ecn_reduction_undone(tcp_sock& sk) {
    sk.ecn &= static_cast<uint8_t>(~tcp_ecn_cwr_owed);
}

} // namespace net
