#include "net/ipv4/tcp_input.hpp"

// Steps one to four of RFC 9293 §3.10.7.4, with the tightening of RFC 5961: whoever is not on the path and
// only guesses sequence numbers must not be able to do harm. So
//
//   a segment outside the window gets an ACK that says where we are (a RST outside the window gets nothing);
//   a RST counts only at exactly rcv_nxt, elsewhere in the window it gets a challenge ACK;
//   a SYN in a connection never counts, it gets a challenge ACK.
//
// With timestamps PAWS (RFC 7323 §5) comes first: a segment from before the wrap of the sequence space is old
// although its number looks new.

#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_ack_policy.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_sack.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr port::time_ns ts_recent_lifetime = 24ull * 24 * 3600 * port::second; ///< RFC 7323 §5.5
constexpr port::time_ns duplicate_ack_interval = 500 * port::millisecond;

/// A pure ACK that the network delivered late is no reason for an alarm (RFC 7323 leaves it open; Linux does
/// the same).
bool is_harmless_late_ack(const tcp_sock& sk, const sk_buff& skb) {
    return skb.tcp.flags == wire::tcp_ack && skb.tcp.seq == skb.tcp.end_seq && skb.tcp.seq == sk.rcv_nxt &&
           skb.tcp.ack == sk.snd_una && sk.ts_recent - sk.received_tsval <= sk.rto / port::millisecond;
}

/// RFC 9293 Table 6, with Linux's reading: some of it at or after rcv_wup, none of its start behind the
/// window.
bool in_window(const tcp_sock& sk, const sk_buff& skb) {
    return skb.tcp.end_seq >= sk.rcv_wup && skb.tcp.seq <= sk.rcv_nxt + tcp_receive_window(sk);
}

/// Tells the peer where we are, at most twice a second for segments without data, which could be part of an
/// ACK loop.
void answer_unacceptable(tcp_sock& sk, const sk_buff& skb) {
    const port::time_ns now = port::now();
    const bool has_data = skb.length() != 0;
    if (!has_data) {
        if (sk.last_oow_ack != 0 && now - sk.last_oow_ack < duplicate_ack_interval) {
            count(*sk.owner_stack, mib::tcpext_ack_skipped);
            return;
        }
        sk.last_oow_ack = now;
    }
    if (has_data && skb.tcp.seq < sk.rcv_nxt) {
        count(*sk.owner_stack, mib::tcpext_delayed_ack_lost);
        tcp_enter_quick_ack(sk, tcp_quick_acks_at_start);
        tcp_tell_duplicate(sk, skb.tcp.seq, skb.tcp.end_seq > sk.rcv_nxt ? sk.rcv_nxt : skb.tcp.end_seq);
    }
    tcp_send_ack(sk);
}

/// The RST may also stand behind the highest byte that SACK has told (Linux; some peers send it there).
bool reset_is_exact(const tcp_sock& sk, wire::seq seq) {
    if (seq == sk.rcv_nxt) {
        return true;
    }
    wire::seq highest = sk.rcv_nxt;
    for (unsigned i = 0; i < sk.selective_ack_count; i++) {
        highest = sk.selective_acks[i].end > highest ? sk.selective_acks[i].end : highest;
    }
    return sk.selective_ack_count != 0 && seq == highest;
}

} // namespace

wire::tcp_options tcp_read_options(tcp_sock& sk, const sk_buff& skb) {
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(skb.transport_header);
    const std::span<const uint8_t> bytes = {skb.transport_header + sizeof(header),
                                            header.header_bytes() - sizeof(header)};
    const bool in_syn = (skb.tcp.flags & wire::tcp_syn) != 0;
    const wire::tcp_options options =
        wire::parse_tcp_options(bytes, in_syn ? wire::tcp_options_of::syn : wire::tcp_options_of::other);
    sk.saw_timestamp = options.has_timestamp && sk.timestamps_ok;
    if (sk.saw_timestamp) {
        sk.received_tsval = options.timestamp_value;
        sk.received_tsecr = options.timestamp_echo;
    }
    return options;
}

bool tcp_timestamp_is_old(const tcp_sock& sk) {
    return sk.saw_timestamp && sk.ts_recent_at != 0 &&
           static_cast<int32_t>(sk.received_tsval - sk.ts_recent) < 0 &&
           port::now() - sk.ts_recent_at < ts_recent_lifetime;
}

void tcp_replace_ts_recent(tcp_sock& sk, wire::seq segment_start) {
    if (sk.saw_timestamp && segment_start <= sk.last_ack_sent &&
        (sk.ts_recent_at == 0 || static_cast<int32_t>(sk.received_tsval - sk.ts_recent) >= 0 ||
         port::now() - sk.ts_recent_at >= ts_recent_lifetime)) {
        sk.ts_recent = sk.received_tsval;
        sk.ts_recent_at = port::now();
    }
}

bool tcp_check_segment(tcp_sock& sk, skb_ptr& skb) {
    const bool is_reset = (skb->tcp.flags & wire::tcp_rst) != 0;
    const bool is_syn = (skb->tcp.flags & wire::tcp_syn) != 0;

    if (!is_reset && !is_syn && (skb->tcp.flags & wire::tcp_ack) == 0) {
        drop(std::move(skb),
             drop_reason::tcp_bad_flags); // no segment of a connection, so not answered either
        return false;
    }
    if (!is_reset && tcp_timestamp_is_old(sk) && !is_harmless_late_ack(sk, *skb)) {
        count(*sk.owner_stack, mib::tcpext_paws_established);
        answer_unacceptable(sk, *skb);
        drop(std::move(skb), drop_reason::tcp_paws);
        return false;
    }
    // First: is it in the window?
    if (!in_window(sk, *skb)) {
        if (is_syn && !is_reset) {
            count(*sk.owner_stack, mib::tcpext_syn_challenges);
            tcp_send_challenge_ack(sk);
        } else if (!is_reset) {
            answer_unacceptable(sk, *skb);
        }
        drop(std::move(skb), drop_reason::tcp_out_of_window);
        return false;
    }
    // Second: RST.
    if (is_reset) {
        const bool exact = reset_is_exact(sk, skb->tcp.seq);
        drop(std::move(skb), drop_reason::tcp_bad_reset);
        if (exact) {
            tcp_reset(sk);
        } else {
            tcp_send_challenge_ack(sk);
        }
        return false;
    }
    // Third: security and precedence are not looked at. Fourth: SYN.
    if (is_syn) {
        // A self-connected or simultaneously opened peer sends its SYN again with the ACK that we wait for.
        const bool simultaneous = sk.state == tcp_state::syn_received && skb->tcp.seq == sk.irs &&
                                  (skb->tcp.flags & wire::tcp_ack) != 0;
        if (simultaneous) {
            skb->tcp.flags &= static_cast<uint8_t>(~wire::tcp_syn);
            skb->tcp.seq += 1;
            return true;
        }
        count(*sk.owner_stack, mib::tcpext_syn_challenges);
        tcp_send_challenge_ack(sk);
        drop(std::move(skb), drop_reason::tcp_unexpected_syn);
        return false;
    }
    return true;
}

} // namespace net
