#include "net/ipv4/tcp_ipv4.hpp"

// Where TCP and IPv4 meet. Upwards: tcp_v4_rcv checks a segment's header, finds whom it is for and hands it
// over; tcp_v4_error does the same for ICMP errors. Downwards: tcp_v4_connect chooses the route, the
// addresses and the port of an active open.

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/ip_output.hpp"
#include "net/ipv4/ports.hpp"
#include "net/ipv4/tcp_input.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_recovery.hpp"
#include "net/ipv4/tcp_reply.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

namespace net {

namespace {

void drop_bad(stack& in, skb_ptr skb, drop_reason reason) {
    count(in, mib::tcp_in_errors);
    drop(std::move(skb), reason);
}

/// Checks header and checksum, notes what is in the header, moves data to the payload. False: dropped.
bool take_header(stack& in, skb_ptr& skb) {
    const uint32_t length = skb->length();
    if (!skb->pull_linear(sizeof(wire::tcp_header)).ok()) {
        drop_bad(in, std::move(skb), drop_reason::tcp_too_short);
        return false;
    }
    if (wire::check_tcp_header(skb->linear(), length) != wire::tcp_header_check::ok) {
        drop_bad(in, std::move(skb), drop_reason::tcp_bad_offset);
        return false;
    }
    const uint32_t header_bytes = reinterpret_cast<const wire::tcp_header*>(skb->data)->header_bytes();
    if (!skb->pull_linear(header_bytes).ok()) {
        drop(std::move(skb), drop_reason::no_memory);
        return false;
    }
    const auto& ip = *reinterpret_cast<const wire::ipv4_header*>(skb->network_header);
    if (!inet_verify_checksum(*skb, ip.source, ip.destination, IPPROTO_TCP)) {
        count(in, mib::tcp_in_checksum_errors);
        drop_bad(in, std::move(skb), drop_reason::tcp_bad_checksum);
        return false;
    }
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(skb->data);
    skb->transport_header = skb->data;
    skb->pull(header_bytes);
    const uint32_t counted = (header.flags & wire::tcp_syn ? 1 : 0) + (header.flags & wire::tcp_fin ? 1 : 0);
    skb->tcp = {.seq = header.seq_number(),
                .end_seq = header.seq_number() + skb->length() + counted,
                .ack = header.ack_number(),
                .flags = header.flags,
                .segments = 1};
    return true;
}

/// IP_MINTTL (RFC 5082): whoever is further away than the user wants is not even answered.
bool comes_from_too_far(const tcp_sock& sk, const sk_buff& skb) {
    const auto& ip = *reinterpret_cast<const wire::ipv4_header*>(skb.network_header);
    return ip.ttl < sk.minimum_ttl;
}

void drop_from_too_far(stack& in, skb_ptr skb) {
    count(in, mib::tcpext_min_ttl_drops);
    drop(std::move(skb), drop_reason::ip_ttl_exceeded);
}

lib::ref<tcp_sock> listener_for(stack& in, const tcp_key& key, const sk_buff& skb) {
    return tcp_find_listener(in, key, skb.device != nullptr ? skb.device->index : 0);
}

void to_listener(stack& in, const tcp_key& key, skb_ptr skb) {
    const lib::ref<tcp_sock> listener = listener_for(in, key, *skb);
    if (!listener) {
        tcp_send_reset(in, *skb); // RFC 9293 §3.10.7.1
        drop(std::move(skb), drop_reason::tcp_no_socket);
    } else if (comes_from_too_far(*listener, *skb)) {
        drop_from_too_far(in, std::move(skb));
    } else {
        tcp_listen_receive(*listener, std::move(skb), nullptr);
    }
}

void to_connection(tcp_sock& sk, skb_ptr skb) {
    port::guard hold(sk.sock_lock);
    if (comes_from_too_far(sk, *skb)) {
        drop_from_too_far(*sk.owner_stack, std::move(skb));
        return;
    }
    tcp_receive(sk, std::move(skb));
}

/// A SYN that may follow the remains ends them only if it is for somebody.
void to_remains(stack& in, const tcp_key& key, tcp_time_wait& remains, skb_ptr skb) {
    const tcp_time_wait_outcome outcome = tcp_time_wait_receive(remains, skb);
    if (outcome.verdict != tcp_time_wait_verdict::open_anew) {
        return;
    }
    const lib::ref<tcp_sock> listener = listener_for(in, key, *skb);
    if (listener && !comes_from_too_far(*listener, *skb)) {
        tcp_end_time_wait(remains);
        tcp_listen_receive(*listener, std::move(skb), &outcome.iss);
    } else {
        to_listener(in, key, std::move(skb)); // refuses it
    }
}

void tcp_v4_rcv(stack& in, skb_ptr skb) {
    count(in, mib::tcp_in_segments);
    if (skb->packet_type != sk_buff::addressed_to::host) { // RFC 9293 §3.9.2.3
        drop(std::move(skb), drop_reason::tcp_not_unicast);
        return;
    }
    if (!take_header(in, skb)) {
        return;
    }
    const tcp_key key = tcp_key_of(*skb);
    const tcp_found found = tcp_find_connection(in, key);
    if (found.connection) {
        to_connection(*found.connection, std::move(skb));
    } else if (found.remains) {
        to_remains(in, key, *found.remains, std::move(skb));
    } else {
        to_listener(in, key, std::move(skb));
    }
}

// ---- ICMP errors ------------------------------------------------------------------------------------------

/// RFC 5927 §4.1: an error counts only if what it quotes can be something that is in flight.
bool quotes_our_flight(const tcp_sock& sk, wire::seq quoted) {
    return quoted >= sk.snd_una && quoted < sk.snd_nxt;
}

void path_mtu_changed(tcp_sock& sk, uint32_t mtu) {
    route_update_mtu(*sk.owner_stack, sk.remote_address, mtu);
    const uint32_t before = sk.mss_cache;
    (void)tcp_current_mss(sk); // asks the route again
    if (sk.mss_cache < before) {
        tcp_resend_after_mtu_change(sk);
    }
}

void error_for_connection(tcp_sock& sk, wire::seq quoted, const sk_buff& packet, const icmp_error& what) {
    stack& in = *sk.owner_stack;
    if (!quotes_our_flight(sk, quoted)) {
        count(in, mib::tcpext_out_of_window_icmps);
        return;
    }
    if (what.type == ICMP_SOURCE_QUENCH || what.type == ICMP_REDIRECT) {
        return; // RFC 6633; redirects are IP's matter
    }
    if (what.type == ICMP_DEST_UNREACH && what.code == ICMP_FRAG_NEEDED) {
        path_mtu_changed(sk, what.info);
        return;
    }
    if (sk.receive_error) {
        ip_queue_error(sk, packet, what, sk.remote_port);
    }
    if (sk.state == tcp_state::syn_sent || sk.state == tcp_state::syn_received) {
        // Nothing is lost yet, so any error ends the attempt, as in Linux: a person who connects to a host
        // that is not there learns it after three unanswered ARP requests and not after two minutes.
        tcp_abort(sk, what.error_number);
        return;
    }
    sk.soft_error = what.error_number; // RFC 5927 §5.2: an established connection survives
}

void tcp_v4_error(stack& in, const sk_buff& quoted, const icmp_error& what) {
    wire::ipv4_header ip;
    if (quoted.length() < sizeof(ip)) {
        return;
    }
    quoted.copy_bits(0, &ip, sizeof(ip));
    struct {
        lib::be16 source_port;
        lib::be16 destination_port;
        lib::be32 sequence;
    } tcp; // the eight bytes that every error quotes at least
    if (quoted.length() < ip.header_length() + sizeof(tcp)) {
        return;
    }
    quoted.copy_bits(ip.header_length(), &tcp, sizeof(tcp));
    const tcp_key key = {ip.source, ip.destination, tcp.source_port, tcp.destination_port};
    const tcp_found found = tcp_find_connection(in, key);
    if (found.connection) {
        port::guard hold(found.connection->sock_lock);
        if (found.connection->state != tcp_state::closed) {
            error_for_connection(*found.connection, wire::seq(tcp.sequence), quoted, what);
        }
    }
}

// ---- Active open ------------------------------------------------------------------------------------------

void forget_ends(tcp_sock& sk) {
    if (!sk.port_bound) {
        ports_release(sk);
        sk.local_port = 0;
    }
    if (!sk.address_bound) {
        sk.local_address = 0;
    }
    sk.remote_address = 0;
    sk.remote_port = 0;
}

lib::result<void> choose_ends(tcp_sock& sk, const inet_endpoint& to) {
    sk.remote_address = to.address == 0 ? INADDR_LOOPBACK : to.address; // Linux: "any" means this host
    sk.remote_port = to.port;
    const route_entry* route = TRY(inet_route(sk, sk.remote_address));
    if (route->type == route_type::broadcast || route->type == route_type::multicast) {
        return lib::error{ENETUNREACH};
    }
    if (inet_source(sk) == 0) {
        sk.local_address = route->source;
        sk.bound_to_many = false;
    }
    if (sk.port_bucket == nullptr) {
        TRY(ports_choose(sk, port_space::tcp, {sk.remote_address, sk.remote_port}, tcp_tuple_taken));
    }
    return {};
}

void start_sequence(tcp_sock& sk, const tcp_key& key) {
    stack& in = *sk.owner_stack;
    // Not zero: the table has found remains of an earlier connection and continues above them.
    sk.iss = sk.write_seq.value != 0 ? sk.write_seq : in.tcp->initial_sequence(in, key);
    sk.snd_una = sk.snd_nxt = sk.snd_sml = sk.snd_up = sk.write_seq = sk.iss;
    sk.ts_offset = tcp_timestamp_offset(in, key);
    sk.timestamps_ok = in.settings.tcp_timestamps != 0;
    sk.sack_ok = in.settings.tcp_sack != 0;
    sk.window_scaling = in.settings.tcp_window_scaling != 0;
    sk.rto = tcp_rto_initial;
    // What an attempt that failed has left on this socket: its retransmissions are no reason to give up now.
    sk.backoff = sk.retransmits = 0;
    sk.total_retransmits = 0;
    sk.retransmission_started = 0;
    const auto route = inet_route(sk, sk.remote_address);
    sk.advertised_mss = tcp_advertised_mss(sk, route.ok() ? route.value() : nullptr);
    sk.mss_clamp = sk.user_mss != 0 ? sk.user_mss : uint16_t{65495};
    (void)tcp_current_mss(sk);
    const tcp_window_choice choice =
        tcp_initial_window_choice(sk, sk.window_clamp, sk.advertised_mss, sk.window_scaling);
    sk.rcv_wnd = sk.rcv_ssthresh = choice.window;
    sk.window_clamp = choice.clamp;
    sk.offered_wscale = choice.scale;
    sk.rcv_mss = lib::min(sk.mss_cache, 536u);
}

} // namespace

const inet_protocol tcp_protocol = {
    .protocol = IPPROTO_TCP,
    .receive = tcp_v4_rcv,
    .error = tcp_v4_error,
};

lib::result<void> tcp_v4_connect(tcp_sock& sk, const inet_endpoint& to) {
    if (lib::result<void> chosen = choose_ends(sk, to); !chosen.ok()) {
        forget_ends(sk);
        return chosen;
    }
    const tcp_key key = {sk.local_address, sk.remote_address, sk.local_port, sk.remote_port};
    sk.write_seq = wire::seq();
    if (!tcp_hash_connection(sk, key).ok()) {
        forget_ends(sk);
        return lib::error{EADDRNOTAVAIL};
    }
    tcp_set_state(sk, tcp_state::syn_sent);
    start_sequence(sk, key);
    count(*sk.owner_stack, mib::tcp_active_opens);
    if (lib::result<void> sent = tcp_send_syn(sk); !sent.ok() && sent.error().number == ENOMEM) {
        tcp_done(sk);
        forget_ends(sk);
        return sent;
    }
    return {};
}

void tcp_v4_forget_ends(tcp_sock& sk) {
    forget_ends(sk);
}

} // namespace net
