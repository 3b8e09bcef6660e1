#include "net/ipv4/tcp_time_wait.hpp"

// TIME_WAIT (RFC 9293 §3.10.7.4 and §3.10.7.8): for 60 s the side that closed first answers late segments, so
// that the peer's FIN is acknowledged even if our last ACK was lost, and that old segments cannot enter a new
// connection. What it needs is copied into a small structure that takes the connection's place in the table;
// the big sock goes.
//
//   RST           ignored (RFC 1337: it would end the protection early)
//   SYN           a new connection, if its number or timestamp is beyond all old segments (RFC 6191)
//   FIN, data     acknowledged; the peer's FIN starts the minute again
//
// A closed FIN_WAIT_2 waits here as well (substate), until the peer's FIN makes it a TIME_WAIT. It is still
// what a blind attacker would like to end, so it believes no more than a connection does (RFC 5961).

#include "kernel/lib/container_of.hpp"
#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_reply.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr port::time_ns answer_interval = 500 * port::millisecond;

void expire(timer& expired) {
    auto remains = lib::ref<tcp_time_wait>::adopt(&lib::container_of(expired, &tcp_time_wait::expiry));
    tcp_end_time_wait(*remains);
}

void set_expiry(tcp_time_wait& remains, port::time_ns length) {
    if (remains.owner_stack->timers.set(remains.expiry, port::now() + length)) {
        remains.get();
    }
}

/// A SYN does not count: it may come as often as an ACK.
bool has_length(const sk_buff& skb) {
    return skb.tcp.seq != skb.tcp.end_seq && (skb.tcp.flags & wire::tcp_syn) == 0;
}

/// Tells the peer where we are. Only what has no length can be part of an ACK loop; a FIN that comes again
/// shows that our ACK was lost, and is answered each time.
void answer(tcp_time_wait& remains, bool has_length) {
    const port::time_ns now = port::now();
    if (!has_length && remains.last_oow_ack != 0 && now - remains.last_oow_ack < answer_interval) {
        count(*remains.owner_stack, mib::tcpext_ack_skipped);
        return;
    }
    remains.last_oow_ack = now;
    tcp_reply reply;
    reply.key = remains.endpoint.key;
    reply.seq = remains.snd_nxt;
    reply.ack = remains.rcv_nxt;
    reply.flags = wire::tcp_ack;
    // Rounded up: cut off, the edge would lie before the one offered last (RFC 7323 §2.4).
    const uint32_t unit = 1u << remains.rcv_wscale;
    reply.window = static_cast<uint16_t>((remains.rcv_wnd + unit - 1) >> remains.rcv_wscale);
    if (remains.timestamps_ok) {
        reply.options.has_timestamp = true;
        reply.options.timestamp_value = tcp_timestamp_clock() + remains.ts_offset;
        reply.options.timestamp_echo = remains.ts_recent;
    }
    (void)tcp_send_reply(*remains.owner_stack, reply);
}

wire::tcp_options options_of(const sk_buff& skb) {
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(skb.transport_header);
    return wire::parse_tcp_options(
        {skb.transport_header + sizeof(header), header.header_bytes() - sizeof(header)},
        wire::tcp_options_of::other);
}

bool timestamp_is_old(const tcp_time_wait& remains, const wire::tcp_options& options) {
    return remains.timestamps_ok && options.has_timestamp && remains.ts_recent_at != 0 &&
           static_cast<int32_t>(options.timestamp_value - remains.ts_recent) < 0;
}

bool timestamp_is_newer(const tcp_time_wait& remains, const wire::tcp_options& options) {
    return remains.timestamps_ok && options.has_timestamp &&
           static_cast<int32_t>(options.timestamp_value - remains.ts_recent) > 0;
}

/// What tcp_check_segment() is for a connection, and that an ACK is of something sent: first to fifth step of
/// RFC 9293 §3.10.7.4, with RFC 5961. False: dropped.
bool check_segment(tcp_time_wait& remains, skb_ptr& skb, bool old) {
    const uint8_t flags = skb->tcp.flags;
    const bool is_reset = (flags & wire::tcp_rst) != 0;
    const bool reaches_inside =
        skb->tcp.end_seq > remains.rcv_nxt && skb->tcp.seq <= remains.rcv_nxt + remains.rcv_wnd;
    const bool in_window = reaches_inside || skb->tcp.end_seq == remains.rcv_nxt;
    if (is_reset && in_window && skb->tcp.seq == remains.rcv_nxt) {
        tcp_end_time_wait(remains);
    } else if (is_reset && in_window) {
        answer(remains, false);
    } else if (!is_reset) {
        const bool acceptable = !old && in_window && (flags & wire::tcp_syn) == 0;
        if (acceptable && skb->tcp.ack <= remains.snd_nxt) {
            return true;
        }
        answer(remains, !acceptable && has_length(*skb));
    }
    drop(std::move(skb), drop_reason::tcp_time_wait);
    return false;
}

/// FIN_WAIT_2 whose user is gone: only the peer's FIN is of interest.
void receive_in_fin_wait_2(tcp_time_wait& remains, skb_ptr skb, const wire::tcp_options& options, bool old) {
    if (!check_segment(remains, skb, old)) {
        return;
    }
    const bool new_data = skb->length() != 0 && skb->tcp.end_seq > remains.rcv_nxt;
    const bool fin = (skb->tcp.flags & wire::tcp_fin) != 0;
    if ((new_data && !fin) || (fin && skb->tcp.end_seq != remains.rcv_nxt + 1)) {
        // Data that nobody will read (RFC 9293 §3.6.1).
        tcp_send_reset(*remains.owner_stack, *skb);
        drop(std::move(skb), drop_reason::tcp_after_close);
        tcp_end_time_wait(remains);
        return;
    }
    if (fin) {
        remains.substate = tcp_state::time_wait;
        remains.rcv_nxt = skb->tcp.end_seq;
        if (options.has_timestamp) {
            remains.ts_recent = options.timestamp_value;
            remains.ts_recent_at = port::now();
        }
        set_expiry(remains, tcp_time_wait_length);
        answer(remains, true);
    }
}

} // namespace

tcp_time_wait::tcp_time_wait(stack& in) : owner_stack(&in), expiry(expire), substate(tcp_state::time_wait) {}

void tcp_time_wait::release_last(tcp_time_wait* remains) {
    remains->~tcp_time_wait();
    port::release(remains);
}

void tcp_enter_time_wait(tcp_sock& sk, tcp_state substate, port::time_ns length) {
    stack& in = *sk.owner_stack;
    void* memory = in.tcp->time_wait_count < static_cast<unsigned>(in.settings.tcp_max_tw_buckets) &&
                           sk.endpoint.link.linked()
                       ? port::allocate(sizeof(tcp_time_wait), port::memory_tag::socket)
                       : nullptr;
    if (memory != nullptr) {
        auto remains = lib::ref<tcp_time_wait>::adopt(new (memory) tcp_time_wait(in));
        remains->substate = substate;
        remains->snd_nxt = sk.snd_nxt;
        remains->rcv_nxt = sk.rcv_nxt;
        remains->rcv_wnd = tcp_receive_window(sk);
        remains->rcv_wscale = sk.rcv_wscale;
        remains->timestamps_ok = sk.timestamps_ok;
        remains->ts_recent = sk.ts_recent;
        remains->ts_recent_at = sk.ts_recent_at;
        remains->ts_offset = sk.ts_offset;
        tcp_hash_time_wait(sk, *remains);
        ports_leave_remains(sk, remains->held_port);
        set_expiry(*remains, length);
        if (substate == tcp_state::time_wait) {
            count(in, mib::tcpext_time_wait);
        }
    }
    tcp_done(sk);
}

tcp_time_wait_outcome tcp_time_wait_receive(tcp_time_wait& remains, skb_ptr& skb) {
    const wire::tcp_options options = options_of(*skb);
    const bool old = timestamp_is_old(remains, options);
    const uint8_t flags = skb->tcp.flags;
    if ((flags & (wire::tcp_rst | wire::tcp_syn | wire::tcp_ack)) == 0) {
        drop(std::move(skb), drop_reason::tcp_bad_flags); // RFC 9293 §3.10.7.4, fifth: not answered either
        return {tcp_time_wait_verdict::handled, {}};
    }
    if (remains.substate == tcp_state::fin_wait_2) {
        receive_in_fin_wait_2(remains, std::move(skb), options, old);
        return {tcp_time_wait_verdict::handled, {}};
    }
    if ((flags & wire::tcp_rst) != 0) {
        // RFC 1337 §3: a reset must not end TIME_WAIT, which keeps old segments from the next connection.
        const bool believed = !old && skb->tcp.seq == remains.rcv_nxt;
        drop(std::move(skb), drop_reason::tcp_time_wait);
        if (believed && !remains.owner_stack->settings.tcp_rfc1337) {
            tcp_end_time_wait(remains);
        }
        return {tcp_time_wait_verdict::handled, {}};
    }
    // With a FIN it would be refused by the listener, and the protection be gone for nothing.
    const bool only_syn = (flags & (wire::tcp_syn | wire::tcp_ack | wire::tcp_fin)) == wire::tcp_syn;
    if (only_syn && !old && (skb->tcp.seq > remains.rcv_nxt || timestamp_is_newer(remains, options))) {
        wire::seq iss = remains.snd_nxt + 65535 + 2;
        iss.value += iss.value == 0 ? 1 : 0;
        return {tcp_time_wait_verdict::open_anew, iss};
    }
    if (!old && options.has_timestamp && skb->tcp.seq == remains.rcv_nxt) {
        remains.ts_recent = options.timestamp_value;
        remains.ts_recent_at = port::now();
    }
    const bool is_bare_ack = skb->tcp.seq == skb->tcp.end_seq && skb->tcp.seq == remains.rcv_nxt && !old;
    if (!is_bare_ack) {
        if ((flags & wire::tcp_fin) != 0) {
            set_expiry(remains, tcp_time_wait_length);
        }
        answer(remains, has_length(*skb));
    }
    drop(std::move(skb), drop_reason::tcp_time_wait);
    return {tcp_time_wait_verdict::handled, {}};
}

void tcp_end_time_wait(tcp_time_wait& remains) {
    auto keep = lib::ref<tcp_time_wait>::share(&remains);
    if (remains.owner_stack->timers.cancel(remains.expiry)) {
        lib::ref<tcp_time_wait>::adopt(&remains); // the timer's reference ends here
    }
    ports_end_remains(*remains.owner_stack, port_space::tcp, remains.held_port);
    if (tcp_unhash_time_wait(remains)) {
        lib::ref<tcp_time_wait>::adopt(&remains); // and the table's
    }
}

} // namespace net
