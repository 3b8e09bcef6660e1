#include "net/ipv4/tcp_listen.hpp"

// Half-open connections: from a SYN to the child. A request keeps what was agreed on in the handshake, in a
// tenth of the memory of a connection, and sends its SYN-ACK again with doubling delays until the ACK comes
// or tcp_synack_retries attempts were in vain.

#include "kernel/abi/errno.h"
#include "kernel/lib/container_of.hpp"
#include "kernel/lib/minmax.hpp"
#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/ports.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_ecn.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_reply.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr port::time_ns answer_interval = 500 * port::millisecond;

unsigned bucket_of(const tcp_sock& listener, const tcp_key& key) {
    const lib::siphash_key& secret = listener.owner_stack->tcp->hash_key;
    return static_cast<unsigned>(lib::siphash(secret, &key, sizeof(key)) >> 32) % tcp_listener::buckets;
}

void arm(tcp_request& request) {
    const port::time_ns delay = tcp_backed_off(tcp_rto_initial, request.timeouts);
    if (request.listener->owner_stack->timers.set(request.resend, port::now() + delay)) {
        request.get();
    }
}

/// TCP_DEFER_ACCEPT: a client that has acknowledged the SYN-ACK may be silent for so many timeouts; before
/// the last one it is asked again, so that its answer, even without data, makes the connection.
bool waited_enough(const tcp_sock& listener, const tcp_request& request) {
    return request.timeouts >= listener.owner_stack->settings.tcp_synack_retries &&
           (!request.acknowledged || request.timeouts >= listener.defer_accept_attempts);
}
bool must_ask_again(const tcp_sock& listener, const tcp_request& request) {
    return !request.acknowledged || request.timeouts + 1 >= listener.defer_accept_attempts;
}

/// The SYN-ACK was not answered, or not with what is waited for.
void expire(timer& expired) {
    auto request = lib::ref<tcp_request>::adopt(&lib::container_of(expired, &tcp_request::resend));
    tcp_sock& listener = *request->listener;
    port::guard hold(listener.sock_lock);
    if (!request->link.linked()) {
        return;
    }
    if (waited_enough(listener, *request)) {
        count(*listener.owner_stack, mib::tcp_attempt_fails);
        tcp_remove_request(listener, *request);
        return;
    }
    if (must_ask_again(listener, *request)) {
        request->retransmissions++;
        count(*listener.owner_stack, mib::tcp_retransmitted_segments);
        tcp_send_request_answer(listener, *request);
    }
    request->timeouts++;
    arm(*request);
}

wire::tcp_options options_of(const sk_buff& skb, wire::tcp_options_of segment) {
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(skb.transport_header);
    return wire::parse_tcp_options(
        {skb.transport_header + sizeof(header), header.header_bytes() - sizeof(header)}, segment);
}

uint16_t advertised_mss(const tcp_sock& listener, const tcp_key& key) {
    const flow want = {
        .destination = key.remote_address, .source = key.local_address, .device = listener.bound_device};
    const auto route = route_output(*listener.owner_stack, want);
    return tcp_advertised_mss(listener, route.ok() ? &route.value() : nullptr);
}

/// What every segment for the peer has.
tcp_reply reply_to(const tcp_sock& listener, const tcp_request& request) {
    tcp_reply reply;
    reply.key = request.key;
    reply.ack = request.irs + 1;
    reply.ttl = listener.ttl;
    reply.tos = listener.tos;
    reply.options.has_timestamp = request.timestamps_ok;
    reply.options.timestamp_value =
        request.link.linked() ? tcp_timestamp_clock() + request.ts_offset : tcp_cookie_timestamp(request);
    reply.options.timestamp_echo = request.ts_recent;
    return reply;
}

void answer_again(tcp_sock& listener, tcp_request& request) {
    const port::time_ns now = port::now();
    if (request.answered_at == 0 || now - request.answered_at >= answer_interval) {
        request.answered_at = now;
        tcp_send_request_answer(listener, request);
    }
}

/// Tells the peer where we are, at most twice a second.
void challenge(tcp_sock& listener, tcp_request& request) {
    const port::time_ns now = port::now();
    if (request.challenged_at != 0 && now - request.challenged_at < answer_interval) {
        count(*listener.owner_stack, mib::tcpext_ack_skipped);
        return;
    }
    request.challenged_at = now;
    count(*listener.owner_stack, mib::tcpext_challenge_acks);
    tcp_reply reply = reply_to(listener, request);
    reply.seq = request.iss + 1;
    reply.flags = wire::tcp_ack;
    const tcp_window_choice& offered = request.receive_window;
    reply.window = static_cast<uint16_t>((offered.window + (1u << offered.scale) - 1) >> offered.scale);
    (void)tcp_send_reply(*listener.owner_stack, reply);
}

/// Steps one to four of RFC 9293 §3.10.7.4, with RFC 5961 and 7323 as in tcp_check_segment(). False: dropped.
bool check_segment(tcp_sock& listener, tcp_request& request, skb_ptr& skb) {
    stack& in = *listener.owner_stack;
    const bool is_reset = (skb->tcp.flags & wire::tcp_rst) != 0;
    const wire::tcp_options options = options_of(*skb, wire::tcp_options_of::other);
    const bool old = request.timestamps_ok && options.has_timestamp &&
                     static_cast<int32_t>(options.timestamp_value - request.ts_recent) < 0;
    const bool in_window = skb->tcp.end_seq >= request.irs + 1 &&
                           skb->tcp.seq <= request.irs + 1 + request.receive_window.window;
    drop_reason why = drop_reason::tcp_out_of_window;
    if (is_reset && in_window && skb->tcp.seq == request.irs + 1) {
        count(in, mib::tcpext_embryonic_resets);
        count(in, mib::tcp_attempt_fails);
        tcp_remove_request(listener, request);
        why = drop_reason::tcp_bad_reset;
    } else if (is_reset && in_window) {
        challenge(listener, request);
        why = drop_reason::tcp_bad_reset;
    } else if (!is_reset && old) {
        challenge(listener, request);
        why = drop_reason::tcp_paws;
    } else if (!is_reset && (skb->tcp.flags & wire::tcp_syn) != 0) { // wherever it lies
        count(in, mib::tcpext_syn_challenges);
        challenge(listener, request);
        why = drop_reason::tcp_unexpected_syn;
    } else if (!is_reset && !in_window) {
        challenge(listener, request);
    } else if (!is_reset) {
        return true;
    }
    drop(std::move(skb), why);
    return false;
}

/// Options of the listener that its children share: all but SO_PRIORITY, as on Linux.
void inherit(tcp_sock& child, const tcp_sock& listener) {
    child.owner_uid = listener.owner_uid;
    child.receive_buffer_limit = listener.receive_buffer_limit;
    child.send_buffer_limit = listener.send_buffer_limit;
    child.receive_buffer_locked = listener.receive_buffer_locked;
    child.send_buffer_locked = listener.send_buffer_locked;
    child.reuse_address = bool{listener.reuse_address};
    child.reuse_port = bool{listener.reuse_port};
    child.keep_alive = bool{listener.keep_alive};
    child.out_of_band_inline = bool{listener.out_of_band_inline};
    child.dont_route = bool{listener.dont_route};
    child.timestamp = bool{listener.timestamp};
    child.linger = listener.linger;
    child.linger_seconds = listener.linger_seconds;
    child.receive_low_water = listener.receive_low_water;
    child.mark = listener.mark;
    child.bound_device = unsigned{listener.bound_device};
    child.receive_timeout = listener.receive_timeout;
    child.send_timeout = listener.send_timeout;
    child.ttl = listener.ttl;
    child.tos = listener.tos;
    child.minimum_ttl = uint8_t{listener.minimum_ttl};
    child.mtu_discovery = listener.mtu_discovery;
    child.receive_error = listener.receive_error;
    child.nagle = listener.nagle;
    child.keepalive_idle = listener.keepalive_idle;
    child.keepalive_interval = listener.keepalive_interval;
    child.keepalive_probes = listener.keepalive_probes;
    child.syn_retries = listener.syn_retries;
    child.user_timeout_ms = listener.user_timeout_ms;
    child.linger2_seconds = listener.linger2_seconds;
    child.not_sent_low_water = listener.not_sent_low_water;
    child.user_mss = listener.user_mss;
    child.congestion_chosen = listener.congestion_chosen;
    if (listener.congestion_chosen) {
        child.congestion = listener.congestion;
    }
}

void take_agreement(tcp_sock& child, const tcp_request& request) {
    child.iss = request.iss;
    child.snd_una = child.snd_sml = request.iss;
    child.snd_nxt = child.write_seq = child.pushed_seq = child.snd_up = request.iss + 1;
    child.irs = request.irs;
    child.rcv_nxt = child.rcv_wup = child.copied_seq = child.last_ack_sent = child.urgent_seq =
        request.irs + 1;
    child.snd_wl1 = request.irs;
    child.snd_wnd = child.max_window = request.peer_window;
    child.window_scaling = request.window_scaling;
    child.snd_wscale = request.snd_wscale;
    child.rcv_wscale = child.offered_wscale = request.window_scaling ? request.receive_window.scale : 0;
    child.rcv_wnd = child.rcv_ssthresh = request.receive_window.window;
    child.window_clamp = request.receive_window.clamp;
    child.timestamps_ok = request.timestamps_ok;
    child.ts_recent = request.ts_recent;
    child.ts_recent_at = request.timestamps_ok ? port::now() : 0;
    child.ts_offset = request.ts_offset;
    child.sack_ok = request.sack_ok;
    child.ecn = request.ecn ? tcp_ecn_agreed : 0;
    child.advertised_mss = request.advertised_mss;
    child.mss_clamp = child.user_mss != 0 ? lib::min(request.peer_mss, child.user_mss) : request.peer_mss;
    child.total_retransmits = request.retransmissions;
    // Karn: only if it is known which SYN-ACK the ACK answers.
    if (request.retransmissions == 0 && request.answered_at == 0 && request.sent_at != 0) {
        tcp_take_rtt_sample(child,
                            static_cast<uint32_t>((port::now() - request.sent_at) / port::microsecond));
    }
}

} // namespace

tcp_request::tcp_request(tcp_sock& listening)
    : listener(lib::ref<tcp_sock>::share(&listening)), resend(expire) {}

void tcp_request::release_last(tcp_request* request) {
    request->~tcp_request();
    port::release(request);
}

void tcp_request::cancel(tcp_request& request) {
    if (request.listener->owner_stack->timers.cancel(request.resend)) {
        lib::ref<tcp_request>::adopt(&request); // the timer's reference
    }
}

tcp_request* tcp_find_request(tcp_sock& listener, const tcp_key& key) {
    for (tcp_request& request : listener.listener->requests[bucket_of(listener, key)]) {
        if (request.key == key) {
            return &request;
        }
    }
    return nullptr;
}

lib::ref<tcp_request> tcp_make_request(tcp_sock& listener, const sk_buff& syn) {
    void* memory = port::allocate(sizeof(tcp_request), port::memory_tag::socket);
    if (memory == nullptr) {
        return {};
    }
    auto request = lib::ref<tcp_request>::adopt(new (memory) tcp_request(listener));
    const auto& header = *reinterpret_cast<const wire::tcp_header*>(syn.transport_header);
    const wire::tcp_options options = options_of(syn, wire::tcp_options_of::syn);
    request->key = tcp_key_of(syn);
    request->irs = syn.tcp.seq;
    request->peer_window = header.window;
    request->peer_mss = options.has_mss ? options.mss : uint16_t{536};
    request->advertised_mss = advertised_mss(listener, request->key);
    const parameters& settings = listener.owner_stack->settings;
    request->timestamps_ok = options.has_timestamp && settings.tcp_timestamps;
    request->ts_recent = options.timestamp_value;
    request->ts_offset = tcp_timestamp_offset(*listener.owner_stack, request->key);
    request->ecn = tcp_ecn_accepts(listener, syn);
    request->sack_ok = options.sack_permitted && settings.tcp_sack;
    request->window_scaling = options.has_window_scale && settings.tcp_window_scaling;
    request->snd_wscale = request->window_scaling ? options.window_scale : 0;
    // Whole segments, as they will come: with a timestamp in each of them.
    const uint32_t segment =
        request->advertised_mss - (request->timestamps_ok ? wire::tcp_timestamp_bytes : 0);
    request->receive_window =
        tcp_initial_window_choice(listener, listener.window_clamp, segment, request->window_scaling);
    request->sent_at = port::now();
    return request;
}

void tcp_add_request(tcp_sock& listener, tcp_request& request) {
    request.get();
    listener.listener->requests[bucket_of(listener, request.key)].push_front(request);
    listener.listener->request_count++;
    arm(request);
}

void tcp_remove_request(tcp_sock& listener, tcp_request& request) {
    if (!request.link.linked()) {
        return;
    }
    request.link.unlink();
    listener.listener->request_count--;
    tcp_request::cancel(request);
    lib::ref<tcp_request>::adopt(&request); // the table's reference
}

void tcp_send_request_answer(tcp_sock& listener, tcp_request& request) {
    tcp_reply reply = reply_to(listener, request);
    reply.seq = request.iss;
    reply.flags = static_cast<uint8_t>(wire::tcp_syn | wire::tcp_ack | (request.ecn ? wire::tcp_ece : 0));
    reply.window = static_cast<uint16_t>(lib::min(request.receive_window.window, 65535u));
    reply.options.has_mss = true;
    reply.options.mss = request.advertised_mss;
    reply.options.sack_permitted = request.sack_ok;
    reply.options.has_window_scale = request.window_scaling;
    reply.options.window_scale = request.receive_window.scale;
    (void)tcp_send_reply(*listener.owner_stack, reply);
}

lib::ref<tcp_sock> tcp_check_request(tcp_sock& listener, tcp_request& request, skb_ptr& skb) {
    stack& in = *listener.owner_stack;
    const uint8_t flags = skb->tcp.flags;
    if (skb->tcp.seq == request.irs &&
        (flags & (wire::tcp_syn | wire::tcp_ack | wire::tcp_rst)) == wire::tcp_syn) {
        answer_again(listener, request); // our SYN-ACK was lost, or theirs was sent twice
        drop(std::move(skb), drop_reason::tcp_old_duplicate);
        return {};
    }
    if ((flags & wire::tcp_ack) != 0 && (flags & wire::tcp_rst) == 0 && skb->tcp.ack != request.iss + 1) {
        tcp_send_reset(in, *skb);
        drop(std::move(skb), drop_reason::tcp_bad_ack);
        return {};
    }
    if (!check_segment(listener, request, skb)) {
        return {};
    }
    if ((flags & wire::tcp_ack) == 0) {
        drop(std::move(skb), drop_reason::tcp_bad_flags);
        return {};
    }
    request.acknowledged = true;
    const bool only_ack = skb->tcp.end_seq == request.irs + 1;
    if (only_ack && request.timeouts < listener.defer_accept_attempts) {
        count(in, mib::tcpext_defer_accept_drops);
        drop(std::move(skb), drop_reason::tcp_accept_deferred); // until there are data to accept it with
        return {};
    }
    if (tcp_accept_queue_full(listener)) {
        count(in, mib::tcpext_listen_overflows);
        if (in.settings.tcp_abort_on_overflow) {
            tcp_send_reset(in, *skb);
            tcp_remove_request(listener, request);
        }
        return {}; // the client believes in its connection and will send again
    }
    lib::ref<tcp_sock> child = tcp_create_child(listener, request);
    if (child) {
        tcp_remove_request(listener, request);
    }
    return child;
}

lib::ref<tcp_sock> tcp_create_child(tcp_sock& listener, const tcp_request& request) {
    stack& in = *listener.owner_stack;
    void* memory = port::allocate(sizeof(tcp_sock), port::memory_tag::socket);
    if (memory == nullptr) {
        count(in, mib::tcpext_listen_drops);
        return {};
    }
    auto child = lib::ref<tcp_sock>::adopt(new (memory) tcp_sock(in));
    inherit(*child, listener);
    child->local_address = request.key.local_address;
    child->remote_address = request.key.remote_address;
    child->remote_port = request.key.remote_port;
    take_agreement(*child, request);
    // Nobody else can see the child before it is in the table: so far it needs no lock.
    tcp_set_state(*child, tcp_state::syn_received);
    ports_inherit(*child, listener);
    child->local_port = request.key.local_port;
    if (!tcp_hash_connection(*child, request.key).ok()) {
        tcp_set_state(*child, tcp_state::closed);
        inet_release_resources(*child);
        return {};
    }
    count(in, mib::tcp_passive_opens);
    return child;
}

} // namespace net
