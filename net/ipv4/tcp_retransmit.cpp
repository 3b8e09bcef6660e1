#include "net/ipv4/tcp_output.hpp"

// The send queues as memory: cutting packets, sending them again, charging them to the sock.
//
// Cutting keeps the counters of loss recovery true: a packet in the retransmit queue counts in packets_out,
// and by its marks in sacked_out, lost_out and retransmitted_out, with `segments` each; when the two halves
// have together more segments than the whole, all those counters grow by the difference.

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_recovery.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

/// What a queued packet costs besides its bytes; blocks are shared, so truesize would count them twice.
constexpr uint32_t queued_overhead = 512;

/// A writer who waits while the windows would allow more: the buffer is what limits him. It grows to hold two
/// congestion windows, one in flight and one to come.
void grow_send_buffer(tcp_sock& sk) {
    if (sk.send_buffer_locked || sk.owner_stack->under_memory_pressure()) {
        return;
    }
    const uint32_t segments = lib::max(sk.snd_cwnd, sk.reordering + 1);
    const uint64_t wanted = uint64_t{2} * segments * (sk.mss_cache + queued_overhead);
    const auto largest = static_cast<uint64_t>(sk.owner_stack->settings.tcp_wmem.maximum);
    const auto limit = static_cast<uint32_t>(lib::min(wanted, largest));
    sk.send_buffer_limit = lib::max(sk.send_buffer_limit, limit);
}

void tell_room(tcp_sock& sk) {
    if (sk.no_space) {
        grow_send_buffer(sk);
    }
    // A writer is woken when a third of the buffer is free, so that it can then write a good piece.
    if (sk.no_space && sk.queued_memory <= sk.send_buffer_limit - sk.send_buffer_limit / 3) {
        sk.no_space = false;
        sk.write_space(sk);
    }
}

void recount(tcp_sock& sk, const sk_buff& skb, uint16_t segments_before, uint16_t segments_after) {
    const uint32_t more = static_cast<uint32_t>(segments_after) - segments_before;
    sk.packets_out += more;
    sk.sacked_out += (skb.tcp.sacked & tcp_sacked_acked) != 0 ? more : 0;
    sk.lost_out += (skb.tcp.sacked & tcp_lost) != 0 ? more : 0;
    sk.retransmitted_out += (skb.tcp.sacked & tcp_sacked_retransmitted) != 0 ? more : 0;
}

void trace_retransmission(tcp_sock& sk, const sk_buff& skb) {
    trace(*sk.owner_stack, trace_event::tcp_retransmit,
          {.sock = sk.id,
           .skb = skb.id,
           .value = {skb.tcp.seq.value, skb.length(), static_cast<uint64_t>(sk.recovery),
                     sk.rto / port::millisecond}});
}

void note_retransmitted(tcp_sock& sk, sk_buff& skb) {
    if (sk.retransmission_started == 0) {
        sk.retransmission_started = port::now();
    }
    if (sk.undo_retransmissions < 0) {
        sk.undo_retransmissions = 0;
    }
    sk.undo_retransmissions += skb.tcp.segments;
    skb.tcp.sacked |= tcp_ever_retransmitted;
    if ((skb.tcp.sacked & tcp_sacked_retransmitted) == 0) {
        skb.tcp.sacked |= tcp_sacked_retransmitted;
        sk.retransmitted_out += skb.tcp.segments;
    }
    skb.tcp.sent_at = port::now();
    skb.tcp.transmissions += skb.tcp.transmissions < UINT16_MAX ? 1 : 0;
    sk.total_retransmits += skb.tcp.segments;
    sk.bytes_retransmitted += skb.length();
    count(*sk.owner_stack, mib::tcp_retransmitted_segments, skb.tcp.segments);
    if ((skb.tcp.flags & wire::tcp_syn) != 0) {
        count(*sk.owner_stack, mib::tcpext_syn_retransmits);
    }
}

} // namespace

uint32_t tcp_queued_cost(const sk_buff& skb) {
    return skb.length() + queued_overhead;
}

void tcp_charge_queued(tcp_sock& sk, const sk_buff& skb) {
    sk.queued_memory += tcp_queued_cost(skb);
}

void tcp_uncharge_queued(tcp_sock& sk, uint32_t bytes) {
    ASSERT(sk.queued_memory >= bytes);
    sk.queued_memory -= bytes;
    tell_room(sk);
}

void tcp_purge_send_queues(tcp_sock& sk) {
    sk.write_queue.clear();
    sk.retransmit_queue.clear();
    sk.spare_block.reset();
    sk.queued_memory = 0;
    sk.packets_out = sk.sacked_out = sk.lost_out = sk.retransmitted_out = 0;
}

skb_ptr tcp_make_packet(sk_buff& queued) {
    skb_ptr packet = queued.length() == 0 ? allocate_skb(*queued.owner_stack, max_header_bytes, 0)
                                          : share_payload(queued, max_header_bytes);
    if (packet) {
        packet->tcp = queued.tcp;
    }
    return packet;
}

lib::result<void> tcp_split(tcp_sock& sk, skb_queue& queue, sk_buff& skb, uint32_t length) {
    const uint32_t whole = skb.length();
    const bool only_fin = length == whole && (skb.tcp.flags & wire::tcp_fin) != 0;
    ASSERT(length > 0 && (length < whole || only_fin));
    skb_ptr rest = share_payload(skb, 0);
    if (!rest) {
        return lib::error{ENOMEM};
    }
    rest->consume_front(length);
    rest->tcp = skb.tcp;
    rest->tcp.seq = skb.tcp.seq + length;
    skb.trim(length);
    skb.tcp.end_seq = rest->tcp.seq;
    const auto of_the_end = static_cast<uint8_t>(only_fin ? wire::tcp_fin : wire::tcp_fin | wire::tcp_psh);
    skb.tcp.flags &= static_cast<uint8_t>(~of_the_end);
    queue.adjust_bytes(static_cast<int32_t>(length) - static_cast<int32_t>(whole));

    const uint16_t segments_before = skb.tcp.segments;
    skb.tcp.segments = tcp_segments_of(length, sk.mss_cache);
    rest->tcp.segments = tcp_segments_of(whole - length, sk.mss_cache);
    if (&queue == &sk.retransmit_queue) {
        recount(sk, skb, segments_before, static_cast<uint16_t>(skb.tcp.segments + rest->tcp.segments));
    }
    sk.queued_memory += queued_overhead;
    queue.insert_after(skb, std::move(rest));
    return {};
}

void tcp_trim_front(tcp_sock& sk, sk_buff& skb, uint32_t bytes) {
    skb.consume_front(bytes);
    skb.tcp.seq = skb.tcp.seq + bytes;
    sk.retransmit_queue.adjust_bytes(-static_cast<int32_t>(bytes));
    const uint16_t segments = tcp_segments_of(skb.length(), sk.mss_cache);
    recount(sk, skb, skb.tcp.segments, segments);
    skb.tcp.segments = segments;
    tcp_uncharge_queued(sk, bytes);
}

lib::result<void> tcp_retransmit(tcp_sock& sk, sk_buff& skb, uint32_t segments) {
    const wire::seq window_end = tcp_window_end(sk);
    // A card copies the urgent pointer of a long packet into each of its segments, where it points elsewhere.
    uint32_t limit = tcp_current_mss(sk) * (sk.urgent_mode ? 1 : segments);
    if (skb.tcp.seq >= window_end) {
        // The peer took its window back. Only the oldest segment is still worth a try, as a probe.
        if (skb.tcp.seq != sk.snd_una) {
            return lib::error{EAGAIN};
        }
    } else {
        const auto window = static_cast<uint32_t>(window_end - skb.tcp.seq);
        if (window < limit && skb.length() > window) {
            limit = window;
        }
    }
    if (skb.length() > limit) {
        TRY(tcp_split(sk, sk.retransmit_queue, skb, limit));
    } else if (const uint16_t now = tcp_segments_of(skb.length(), sk.mss_cache); now != skb.tcp.segments) {
        recount(sk, skb, skb.tcp.segments, now); // the MSS has changed since
        skb.tcp.segments = now;
    }
    tcp_ecn_fall_back(sk, skb);
    skb_ptr packet = tcp_make_packet(skb);
    if (!packet) {
        return lib::error{ENOMEM};
    }
    trace_retransmission(sk, skb);
    const lib::result<void> sent = tcp_transmit_skb(sk, std::move(packet));
    if (sent.ok()) {
        note_retransmitted(sk, skb);
    }
    return sent;
}

} // namespace net
