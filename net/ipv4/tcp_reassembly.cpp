#include "net/ipv4/tcp_reassembly.hpp"

// Text, in RFC 9293's word. A segment that continues the stream is appended to receive_queue as it is, its
// payload is not copied. One that lies ahead of a hole waits in out_of_order, which is
//
//   packets  [a][b]   [c][d][e]     [f]        one list in sequence order, without overlaps
//   ranges   \____/   \_______/     \_/        and a sorted array over it: start, end, first and last packet
//
// so that finding a place costs a binary search over at most 256 ranges, however many small segments a peer
// sends, and joining is a matter of the ends of ranges. The ranges are also exactly what SACK tells.
//
// Memory is counted by truesize against the receive buffer. Tiny segments are copied into the tail of the
// last packet, so that a byte does not cost a whole block.

#include "kernel/lib/minmax.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_input.hpp"
#include "net/ipv4/tcp_sack.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

using range = tcp_sock::out_of_order_range;

constexpr uint32_t worth_copying = 512; ///< payload up to which copying beats keeping a packet

void charge(tcp_sock& sk, sk_buff& skb) {
    skb.charged_bytes = skb.truesize;
    sk.receive_memory += skb.charged_bytes;
}
void uncharge(tcp_sock& sk, const sk_buff& skb) {
    sk.receive_memory -= skb.charged_bytes;
}

/// Takes bytes off the front of a segment, sequence number and all.
void trim_front(sk_buff& skb, wire::seq to) {
    const auto bytes = lib::min(static_cast<uint32_t>(to - skb.tcp.seq), skb.length());
    skb.consume_front(bytes);
    skb.tcp.seq += bytes;
}

void trim_back(sk_buff& skb, wire::seq to) {
    skb.trim(static_cast<uint32_t>(to - skb.tcp.seq));
    skb.tcp.end_seq = to;
    skb.tcp.flags &= static_cast<uint8_t>(~wire::tcp_fin);
}

/// Copies a small payload behind the last packet. The user may be reading that packet; it only grows.
bool coalesce(tcp_sock& sk, const sk_buff& skb) {
    sk_buff* last = sk.receive_queue.back();
    const uint32_t length = skb.length();
    if (last == nullptr || length > worth_copying || last->fragment_count != 0 || last->tailroom() < length ||
        last->tcp.end_seq != skb.tcp.seq) {
        return false;
    }
    skb.copy_bits(0, last->tail, length);
    last->put(length);
    last->tcp.end_seq = skb.tcp.end_seq;
    sk.receive_queue.adjust_bytes(static_cast<int32_t>(length));
    count(*sk.owner_stack, mib::tcpext_receive_coalesce);
    return true;
}

void append(tcp_sock& sk, skb_ptr skb) {
    if (skb->length() == 0 || coalesce(sk, *skb)) {
        return; // its last owner frees it here
    }
    charge(sk, *skb);
    sk.receive_queue.push_back(std::move(skb));
}

// ---- The array of ranges ----------------------------------------------------------------------------------

bool reserve_range(tcp_sock& sk) {
    if (sk.range_count < sk.range_capacity) {
        return true;
    }
    if (sk.range_count >= tcp_out_of_order_ranges) {
        return false;
    }
    const unsigned wanted = sk.range_capacity == 0 ? 8u : sk.range_capacity * 4u;
    const unsigned capacity = lib::min(wanted, tcp_out_of_order_ranges);
    auto* grown = static_cast<range*>(port::allocate(capacity * sizeof(range), port::memory_tag::table));
    if (grown == nullptr) {
        return false;
    }
    if (sk.range_count != 0) {
        memcpy(static_cast<void*>(grown), sk.ranges, sk.range_count * sizeof(range));
    }
    port::release(sk.ranges);
    sk.ranges = grown;
    sk.range_capacity = static_cast<uint16_t>(capacity);
    return true;
}

void insert_range(tcp_sock& sk, unsigned at, sk_buff& skb) {
    memmove(static_cast<void*>(sk.ranges + at + 1), sk.ranges + at, (sk.range_count - at) * sizeof(range));
    sk.ranges[at] = {skb.tcp.seq, skb.tcp.end_seq, &skb, &skb};
    sk.range_count++;
}

void remove_range(tcp_sock& sk, unsigned at) {
    memmove(static_cast<void*>(sk.ranges + at), sk.ranges + at + 1,
            (sk.range_count - at - 1) * sizeof(range));
    sk.range_count--;
}

void drop_range(tcp_sock& sk, unsigned at, drop_reason reason) {
    sk_buff* skb = sk.ranges[at].first;
    sk_buff* const last = sk.ranges[at].last;
    for (bool done = false; !done;) {
        sk_buff* next = sk.out_of_order.next(*skb);
        done = skb == last;
        uncharge(sk, *skb);
        drop(sk.out_of_order.remove(*skb), reason);
        skb = next;
    }
    remove_range(sk, at);
}

/// The first range that ends at or after the number.
unsigned find_range(const tcp_sock& sk, wire::seq number) {
    unsigned low = 0;
    unsigned high = sk.range_count;
    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if (sk.ranges[middle].end < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// ---- Ahead of a hole --------------------------------------------------------------------------------------

/// The segment begins inside, or right behind, range `at`: it continues that range and may swallow the next
/// ones.
void extend_range(tcp_sock& sk, unsigned at, skb_ptr skb) {
    if (skb->tcp.seq < sk.ranges[at].end) {
        tcp_tell_duplicate(sk, skb->tcp.seq, sk.ranges[at].end);
        trim_front(*skb, sk.ranges[at].end);
    }
    while (at + 1u < sk.range_count && sk.ranges[at + 1].end <= skb->tcp.end_seq) {
        drop_range(sk, at + 1, drop_reason::tcp_old_duplicate);
    }
    const bool joins = at + 1u < sk.range_count && sk.ranges[at + 1].start <= skb->tcp.end_seq;
    if (joins && sk.ranges[at + 1].start < skb->tcp.end_seq) {
        trim_back(*skb, sk.ranges[at + 1].start);
    }
    range& extended = sk.ranges[at];
    sk_buff* const added = skb.get();
    charge(sk, *added);
    sk.out_of_order.insert_after(*extended.last, std::move(skb));
    extended.last = joins ? sk.ranges[at + 1].last : added;
    extended.end = joins ? sk.ranges[at + 1].end : added->tcp.end_seq;
    if (joins) {
        remove_range(sk, at + 1);
    }
}

/// The segment begins before range `at` and after the one before it.
void put_before_range(tcp_sock& sk, unsigned at, skb_ptr skb) {
    while (at < sk.range_count && sk.ranges[at].end <= skb->tcp.end_seq) {
        drop_range(sk, at, drop_reason::tcp_old_duplicate);
    }
    const bool joins = at < sk.range_count && sk.ranges[at].start <= skb->tcp.end_seq;
    if (!joins && !reserve_range(sk)) {
        count(*sk.owner_stack, mib::tcpext_out_of_order_drop);
        drop(std::move(skb), drop_reason::tcp_out_of_order_limit);
        return;
    }
    if (joins && sk.ranges[at].start < skb->tcp.end_seq) {
        trim_back(*skb, sk.ranges[at].start);
    }
    sk_buff* const added = skb.get();
    charge(sk, *added);
    if (at < sk.range_count) {
        sk.out_of_order.insert_before(*sk.ranges[at].first, std::move(skb));
    } else {
        sk.out_of_order.push_back(std::move(skb));
    }
    if (joins) {
        sk.ranges[at].start = added->tcp.seq;
        sk.ranges[at].first = added;
    } else {
        insert_range(sk, at, *added);
    }
}

/// SACK tells first of the range that holds the segment that came last, also when there was nothing new in it
/// (RFC 2018 §4, RFC 2883 §4).
void tell_range_of(tcp_sock& sk, wire::seq start) {
    if (!sk.sack_ok) {
        return;
    }
    const unsigned at = find_range(sk, start);
    if (at < sk.range_count && sk.ranges[at].start <= start) {
        tcp_tell_sack(sk, sk.ranges[at].start, sk.ranges[at].end);
    }
}

void queue_out_of_order(tcp_sock& sk, skb_ptr skb) {
    sk.prediction = false;
    sk.ack_pending |= tcp_ack_scheduled;
    if (!tcp_receive_memory_available(sk)) {
        count(*sk.owner_stack, mib::tcpext_out_of_order_drop);
        drop(std::move(skb), drop_reason::socket_receive_full);
        return;
    }
    count(*sk.owner_stack, mib::tcpext_out_of_order_queue);
    sk.out_of_order_segments++;
    const wire::seq start = skb->tcp.seq;
    const wire::seq end = skb->tcp.end_seq;
    const unsigned at = find_range(sk, start);
    if (at < sk.range_count && sk.ranges[at].start <= start && end <= sk.ranges[at].end) {
        count(*sk.owner_stack, mib::tcpext_out_of_order_merge);
        tcp_tell_duplicate(sk, start, end);
        tell_range_of(sk, start);
        drop(std::move(skb), drop_reason::tcp_old_duplicate);
        return;
    }
    if (at < sk.range_count && sk.ranges[at].start <= start) {
        extend_range(sk, at, std::move(skb));
    } else {
        put_before_range(sk, at, std::move(skb));
    }
    tell_range_of(sk, start);
}

/// The hole was filled: what waited behind it moves over.
void take_out_of_order(tcp_sock& sk) {
    while (sk.range_count != 0 && sk.ranges[0].start <= sk.rcv_nxt) {
        sk_buff* const last = sk.ranges[0].last;
        for (bool done = false; !done;) {
            skb_ptr skb = sk.out_of_order.pop_front();
            done = skb.get() == last;
            uncharge(sk, *skb);
            if (skb->tcp.end_seq <= sk.rcv_nxt) {
                drop(std::move(skb), drop_reason::tcp_old_duplicate);
                continue;
            }
            trim_front(*skb, sk.rcv_nxt);
            tcp_queue_in_order(sk, std::move(skb));
            if (sk.range_count == 0) {
                return; // it was the FIN, which ends the queue
            }
        }
        remove_range(sk, 0);
    }
}

/// RFC 9293 §3.10.7.4: what reaches over the right edge of the window is cut off there, text and the FIN
/// behind it. A FIN by itself beyond the edge needs no room and is let through, for there are peers that send
/// one without looking (Linux does the same).
void cut_at_right_edge(tcp_sock& sk, sk_buff& skb) {
    const wire::seq edge = sk.rcv_nxt + tcp_receive_window(sk);
    if (skb.tcp.seq < edge && skb.tcp.seq + skb.length() > edge) {
        trim_back(skb, edge);
        sk.ack_pending |= tcp_ack_scheduled | tcp_ack_now; // the peer is wrong about our window
    }
}

/// Nothing in it is new, or it is not for now: say again what is expected.
void refuse(tcp_sock& sk, skb_ptr skb, drop_reason reason) {
    tcp_enter_quick_ack(sk, tcp_quick_acks_at_start);
    sk.ack_pending |= tcp_ack_scheduled;
    drop(std::move(skb), reason);
}

} // namespace

void tcp_queue_in_order(tcp_sock& sk, skb_ptr skb) {
    const bool fin = (skb->tcp.flags & wire::tcp_fin) != 0;
    sk.bytes_received += static_cast<uint32_t>(skb->tcp.end_seq - sk.rcv_nxt);
    sk.rcv_nxt = skb->tcp.end_seq;
    append(sk, std::move(skb));
    if (fin) {
        tcp_fin(sk);
    }
}

void tcp_data_queue(tcp_sock& sk, skb_ptr skb) {
    if (skb->tcp.seq == skb->tcp.end_seq) {
        return; // no text, no FIN
    }
    cut_at_right_edge(sk, *skb);
    const tcp_skb_notes notes = skb->tcp;
    if (notes.end_seq <= sk.rcv_nxt) {
        tcp_tell_duplicate(sk, notes.seq, notes.end_seq);
        refuse(sk, std::move(skb), drop_reason::tcp_old_duplicate);
        return;
    }
    const uint32_t window = tcp_receive_window(sk);
    if (notes.seq >= sk.rcv_nxt + window && !(notes.seq == sk.rcv_nxt && skb->length() == 0)) {
        if (window == 0) {
            count(*sk.owner_stack, mib::tcpext_zero_window_drops);
        }
        refuse(sk, std::move(skb),
               window == 0 ? drop_reason::tcp_zero_window : drop_reason::tcp_out_of_window);
        return;
    }
    if (notes.seq > sk.rcv_nxt) {
        queue_out_of_order(sk, std::move(skb));
        return;
    }
    if (notes.seq < sk.rcv_nxt) {
        tcp_tell_duplicate(sk, notes.seq, sk.rcv_nxt);
        trim_front(*skb, sk.rcv_nxt);
    }
    if (skb->length() != 0 && !tcp_receive_memory_available(sk)) {
        count(*sk.owner_stack, mib::tcpext_receive_queue_drops);
        sk.ack_pending |= tcp_ack_scheduled | tcp_ack_now;
        drop(std::move(skb), drop_reason::socket_receive_full);
        return;
    }
    if (skb->length() != 0) {
        tcp_note_data_received(sk, *skb);
    }
    tcp_queue_in_order(sk, std::move(skb));
    if (sk.range_count != 0) {
        take_out_of_order(sk);
        if (sk.range_count == 0) {
            sk.ack_pending |= tcp_ack_scheduled | tcp_ack_now; // RFC 5681 §4.2: at once when a hole is filled
        }
    }
    if (sk.selective_ack_count != 0) {
        tcp_forget_sacks(sk);
    }
    tcp_predict_headers(sk);
    sk.data_ready(sk);
}

bool tcp_receive_memory_available(tcp_sock& sk) {
    if (sk.receive_memory <= sk.receive_buffer_limit) {
        return true;
    }
    count(*sk.owner_stack, mib::tcpext_prune_called);
    tcp_clamp_window(sk);
    if (sk.receive_memory > sk.receive_buffer_limit && sk.range_count != 0) {
        // What is farthest ahead goes first: it is needed last. SACK may take back what it told (RFC 2018
        // §8).
        count(*sk.owner_stack, mib::tcpext_out_of_order_pruned);
        while (sk.range_count != 0 && sk.receive_memory > sk.receive_buffer_limit) {
            drop_range(sk, sk.range_count - 1u, drop_reason::tcp_out_of_order_limit);
        }
        sk.selective_ack_count = 0;
    }
    return sk.receive_memory <= sk.receive_buffer_limit;
}

void tcp_purge_receive_queue(tcp_sock& sk) {
    while (skb_ptr skb = sk.receive_queue.pop_front()) {
        uncharge(sk, *skb);
    }
}

void tcp_purge_out_of_order(tcp_sock& sk) {
    while (skb_ptr skb = sk.out_of_order.pop_front()) {
        uncharge(sk, *skb);
    }
    sk.range_count = 0;
    sk.selective_ack_count = 0;
    sk.duplicate_sack_owed = false;
}

} // namespace net
