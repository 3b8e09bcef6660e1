#include "net/ipv4/tcp_output.hpp"

// One segment down to IP. A queued packet never leaves itself: what leaves is a packet of its own that shares
// the payload blocks and has room for the headers, so that a retransmission costs no copy, and the original
// stays in the queue until it is acknowledged. Larger packets than one segment carry gso_size: the card, or
// the device layer for it, cuts them and repeats the header with the right numbers.
//
//   tcp_transmit_skb   options, header, checksum, ip_queue_xmit
//   tcp_send_ack ...   segments without payload

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/ip_output.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_sack.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr port::time_ns challenge_interval = 500 * port::millisecond;

/// What this side wishes for; in a SYN-ACK what is left of that after the peer's SYN.
wire::tcp_options options_of_syn(tcp_sock& sk) {
    wire::tcp_options options;
    options.has_mss = true;
    options.mss = sk.advertised_mss;
    options.has_timestamp = sk.timestamps_ok;
    options.sack_permitted = sk.sack_ok;
    options.has_window_scale = sk.window_scaling;
    options.window_scale = sk.offered_wscale;
    options.timestamp_value = tcp_timestamp_now(sk);
    options.timestamp_echo = sk.ts_recent;
    return options;
}

wire::tcp_options options_of_segment(tcp_sock& sk) {
    wire::tcp_options options;
    if (sk.timestamps_ok) {
        options.has_timestamp = true;
        options.timestamp_value = tcp_timestamp_now(sk);
        options.timestamp_echo = sk.ts_recent;
    }
    tcp_fill_sack_option(sk, options);
    return options;
}

/// RFC 6093 §5: the pointer of Linux and BSD, to the byte after the urgent one.
void write_urgent_pointer(const tcp_sock& sk, const tcp_skb_notes& notes, wire::tcp_header& header) {
    if (!sk.urgent_mode || sk.snd_up <= notes.seq) {
        return;
    }
    const auto distance = static_cast<uint32_t>(sk.snd_up - notes.seq);
    header.urgent_pointer = static_cast<uint16_t>(lib::min(distance, 0xffffu));
    header.flags |= wire::tcp_urg;
}

void write_header(tcp_sock& sk, sk_buff& packet, const wire::tcp_options& options) {
    const tcp_skb_notes notes = packet.tcp;
    const uint32_t header_bytes = sizeof(wire::tcp_header) + wire::tcp_options_bytes(options);
    auto& header = *reinterpret_cast<wire::tcp_header*>(packet.push(header_bytes));
    packet.transport_header = packet.data;
    header.source_port = uint16_t{sk.local_port};
    header.destination_port = uint16_t{sk.remote_port};
    header.sequence = notes.seq.value;
    header.acknowledgment = (notes.flags & wire::tcp_ack) != 0 ? sk.rcv_nxt.value : 0u;
    header.set_header_bytes(header_bytes);
    header.flags = notes.flags;
    header.checksum = 0;
    header.urgent_pointer = 0;
    if ((notes.flags & wire::tcp_syn) != 0) {
        header.window = static_cast<uint16_t>(lib::min(sk.rcv_wnd, 65535u)); // never scaled: RFC 7323 §2.2
    } else {
        header.window = tcp_select_window(sk);
        write_urgent_pointer(sk, notes, header);
    }
    wire::write_tcp_options(reinterpret_cast<uint8_t*>(&header + 1), options);
}

/// A segment without payload; nothing of it stays behind.
lib::result<void> send_empty(tcp_sock& sk, wire::seq seq, uint8_t flags) {
    skb_ptr packet = allocate_skb(*sk.owner_stack, max_header_bytes, 0);
    if (!packet) {
        return lib::error{ENOMEM};
    }
    packet->tcp = {.seq = seq, .end_seq = seq, .flags = flags, .segments = 1};
    return tcp_transmit_skb(sk, std::move(packet));
}

/// snd_nxt, unless the peer took its window back: then something that it still accepts.
wire::seq acceptable_seq(const tcp_sock& sk) {
    const wire::seq end = tcp_window_end(sk);
    const bool inside = sk.snd_nxt <= end || sk.snd_nxt - end < 1 << sk.snd_wscale;
    return inside ? sk.snd_nxt : end;
}

} // namespace

lib::result<void> tcp_transmit_skb(tcp_sock& sk, skb_ptr packet) {
    const uint32_t payload = packet->length();
    const ip_ecn ecn = tcp_ecn_mark_outgoing(sk, packet->tcp, payload);
    const tcp_skb_notes notes = packet->tcp;
    const wire::tcp_options options =
        (notes.flags & wire::tcp_syn) != 0 ? options_of_syn(sk) : options_of_segment(sk);
    write_header(sk, *packet, options);
    const uint32_t mss = tcp_mss_with(sk, options);
    packet->gso_size = static_cast<uint16_t>(payload > mss ? mss : 0);
    inet_prepare_checksum(*packet, sk.local_address, sk.remote_address, IPPROTO_TCP,
                          __builtin_offsetof(wire::tcp_header, checksum));
    if ((notes.flags & wire::tcp_ack) != 0) {
        sk.last_ack_sent = sk.rcv_nxt;
        tcp_note_ack_sent(sk);
    }
    if (payload != 0) {
        tcp_note_data_sent(sk);
        sk.data_segments_out += notes.segments;
        sk.bytes_sent += payload;
    }
    sk.segments_out += notes.segments;
    count(*sk.owner_stack, mib::tcp_out_segments, notes.segments);
    trace(*sk.owner_stack, trace_event::tcp_transmit,
          {.sock = sk.id,
           .skb = packet->id,
           .value = {notes.seq.value, sk.rcv_nxt.value, notes.flags, payload}});
    return ip_queue_xmit(sk, std::move(packet), ecn);
}

void tcp_send_ack(tcp_sock& sk) {
    if (sk.state == tcp_state::closed) {
        return;
    }
    // What fails here for lack of memory is tried again by the delayed-ACK timer.
    if (auto sent = send_empty(sk, acceptable_seq(sk), wire::tcp_ack);
        !sent.ok() && sent.error().number == ENOMEM) {
        sk.ack_pending |= tcp_ack_scheduled | tcp_ack_timer;
        tcp_arm_delayed_ack(sk, port::now() + tcp_delayed_ack_maximum);
    }
}

void tcp_send_challenge_ack(tcp_sock& sk) {
    const port::time_ns now = port::now();
    if (sk.last_challenge_ack != 0 && now - sk.last_challenge_ack < challenge_interval) {
        count(*sk.owner_stack, mib::tcpext_ack_skipped);
        return;
    }
    sk.last_challenge_ack = now;
    count(*sk.owner_stack, mib::tcpext_challenge_acks);
    tcp_send_ack(sk);
}

void tcp_send_active_reset(tcp_sock& sk) {
    count(*sk.owner_stack, mib::tcp_out_resets);
    (void)send_empty(sk, acceptable_seq(sk), wire::tcp_rst | wire::tcp_ack);
}

lib::result<void> tcp_send_probe(tcp_sock& sk) {
    sk_buff* next = sk.write_queue.front();
    if (next != nullptr && next->tcp.seq < tcp_window_end(sk)) {
        sk.pushed_seq = next->tcp.end_seq > sk.pushed_seq ? next->tcp.end_seq : sk.pushed_seq;
        next->tcp.flags |= wire::tcp_psh;
        return tcp_send_next(sk, static_cast<uint32_t>(tcp_window_end(sk) - next->tcp.seq));
    }
    // One below snd_una: outside the peer's window, so that it must answer with its own idea of things.
    return send_empty(sk, sk.snd_una - 1, wire::tcp_ack);
}

void tcp_send_syn_ack(tcp_sock& sk) {
    sk_buff* syn = sk.retransmit_queue.front();
    if (syn == nullptr || (syn->tcp.flags & wire::tcp_syn) == 0) {
        return;
    }
    // ECE alone says that we understood the peer's offer.
    syn->tcp.flags &= static_cast<uint8_t>(~(wire::tcp_ece | wire::tcp_cwr));
    syn->tcp.flags |= wire::tcp_ack | ((sk.ecn & tcp_ecn_agreed) != 0 ? wire::tcp_ece : 0);
    if (skb_ptr packet = allocate_skb(*sk.owner_stack, max_header_bytes, 0)) {
        packet->tcp = syn->tcp;
        (void)tcp_transmit_skb(sk, std::move(packet));
    }
}

} // namespace net
