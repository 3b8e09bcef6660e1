#include "net/ipv4/tcp_listen.hpp"

// LISTEN. A SYN makes a request, not a connection: the request is answered, answered again by its timer, and
// becomes a connection when the handshake's last ACK comes. When too many requests wait (a SYN flood, RFC
// 4987), answers are sent without keeping anything: the initial sequence number is then a cookie from which
// the ACK brings the request back.
//
//   SYN ──> request ──ACK──> child ──> accept queue ──> accept()
//        └> cookie ───ACK──┘
//
// Locks: a listener's lock and a child's are never held together. The child is made under the listener's
// lock, works through the ACK under its own, and enters the accept queue under the listener's again.

#include "kernel/abi/errno.h"
#include "kernel/lib/minmax.hpp"
#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/ports.hpp"
#include "net/ipv4/tcp_input.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_reply.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

void refuse_overflow(tcp_sock& listener, skb_ptr skb) {
    count(*listener.owner_stack, mib::tcpext_listen_overflows);
    count(*listener.owner_stack, mib::tcpext_listen_drops);
    drop(std::move(skb), drop_reason::tcp_listen_overflow);
}

/// A new SYN.
void receive_syn(tcp_sock& listener, skb_ptr skb, const wire::seq* iss) {
    stack& in = *listener.owner_stack;
    if (tcp_accept_queue_full(listener)) {
        refuse_overflow(listener, std::move(skb));
        return;
    }
    const parameters& settings = in.settings;
    const unsigned limit = lib::min(lib::max(listener.listener->backlog, 8u),
                                    static_cast<unsigned>(settings.tcp_max_syn_backlog));
    const bool full = listener.listener->request_count >= limit;
    const bool use_cookie =
        iss == nullptr && (settings.tcp_syncookies == 2 || (full && settings.tcp_syncookies));
    if (full && iss == nullptr && !use_cookie) {
        count(in, mib::tcpext_listen_drops);
        drop(std::move(skb), drop_reason::tcp_listen_overflow);
        return;
    }
    lib::ref<tcp_request> request = tcp_make_request(listener, *skb);
    if (!request) {
        count(in, mib::tcpext_listen_drops);
        drop(std::move(skb), drop_reason::no_memory);
        return;
    }
    if (use_cookie) {
        request->iss = tcp_make_cookie(in, *request);
        listener.listener->cookies_sent_at = port::now();
        count(in, mib::tcpext_syncookies_sent);
    } else {
        request->iss = iss != nullptr ? *iss : in.tcp->initial_sequence(in, request->key);
        tcp_add_request(listener, *request);
    }
    tcp_send_request_answer(listener, *request);
}

/// A segment for which there is no request: a SYN, a cookie's ACK, or nothing of ours.
lib::ref<tcp_sock> receive_unknown(tcp_sock& listener, skb_ptr& skb, const wire::seq* iss) {
    const uint8_t flags = skb->tcp.flags;
    if ((flags & wire::tcp_rst) != 0) {
        drop(std::move(skb), drop_reason::tcp_bad_reset);
    } else if ((flags & wire::tcp_ack) != 0) {
        lib::ref<tcp_request> request =
            (flags & wire::tcp_syn) == 0 ? tcp_check_cookie(listener, *skb) : nullptr;
        if (request && tcp_accept_queue_full(listener)) {
            refuse_overflow(listener, std::move(skb)); // the peer sends again, and may find room then
            return {};
        }
        if (request) {
            return tcp_create_child(listener, *request);
        }
        tcp_send_reset(*listener.owner_stack, *skb);
        drop(std::move(skb), drop_reason::tcp_bad_ack);
    } else if ((flags & wire::tcp_syn) != 0 && (flags & wire::tcp_fin) == 0) {
        receive_syn(listener, std::move(skb), iss);
    } else {
        drop(std::move(skb), drop_reason::tcp_bad_flags);
    }
    return {};
}

/// The child is complete: whoever waits in accept() may have it.
void offer_child(tcp_sock& listener, lib::ref<tcp_sock> child) {
    {
        port::guard hold(listener.sock_lock);
        if (listener.state == tcp_state::listen) {
            listener.listener->accept_queue.push_back(*child.leak());
            listener.listener->accept_count++;
            listener.data_ready(listener);
            return;
        }
    }
    port::guard hold(child->sock_lock);
    tcp_send_active_reset(*child);
    tcp_done(*child);
}

} // namespace

void tcp_listen_receive(tcp_sock& listener, skb_ptr skb, const wire::seq* iss) {
    lib::ref<tcp_sock> child;
    {
        port::guard hold(listener.sock_lock);
        if (listener.state != tcp_state::listen) {
            tcp_send_reset(*listener.owner_stack, *skb);
            drop(std::move(skb), drop_reason::tcp_no_socket);
            return;
        }
        if (tcp_request* known = tcp_find_request(listener, tcp_key_of(*skb))) {
            auto request = lib::ref<tcp_request>::share(known);
            child = tcp_check_request(listener, *request, skb);
        } else {
            child = receive_unknown(listener, skb, iss);
        }
    }
    if (!child) {
        if (skb) {
            drop(std::move(skb), drop_reason::tcp_listen_overflow);
        }
        return;
    }
    bool alive = false;
    {
        port::guard hold(child->sock_lock);
        tcp_receive(*child, std::move(skb));
        alive = child->state != tcp_state::closed && child->state != tcp_state::syn_received;
        if (!alive && child->state == tcp_state::syn_received) {
            tcp_done(*child); // the ACK was not one after all
        }
    }
    if (alive) {
        offer_child(listener, std::move(child));
    }
}

lib::result<void> tcp_listen(sock& base, int backlog) {
    tcp_sock& sk = as_tcp(base);
    port::guard hold(sk.sock_lock);
    if (sk.state == tcp_state::listen) {
        sk.listener->backlog = static_cast<unsigned>(backlog);
        return {};
    }
    if (sk.state != tcp_state::closed ||
        (sk.user_socket != nullptr && sk.user_socket->state != socket_state::unconnected)) {
        return lib::error{EINVAL};
    }
    TRY(inet_autobind(sk));
    void* memory = port::allocate(sizeof(tcp_listener), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    if (!ports_start_listening(sk)) {
        port::release(memory);
        return lib::error{EADDRINUSE};
    }
    sk.listener = new (memory) tcp_listener;
    sk.listener->backlog = static_cast<unsigned>(backlog);
    tcp_set_state(sk, tcp_state::listen);
    tcp_hash_listener(sk);
    return {};
}

lib::result<lib::ref<sock>> tcp_accept(sock& base, bool may_wait) {
    tcp_sock& sk = as_tcp(base);
    port::guard hold(sk.sock_lock);
    if (sk.state != tcp_state::listen) {
        return lib::error{EINVAL};
    }
    auto ready = [&] { return sk.state != tcp_state::listen || !sk.listener->accept_queue.empty(); };
    if (!ready()) {
        if (!may_wait) {
            return lib::error{EAGAIN};
        }
        TRY(sock_wait(sk, ready, sk.receive_timeout));
    }
    if (sk.state != tcp_state::listen) {
        return lib::error{EINVAL};
    }
    sk.listener->accept_count--;
    return lib::ref<sock>::adopt(sk.listener->accept_queue.pop_front());
}

tcp_listener* tcp_stop_listening(tcp_sock& sk) {
    tcp_set_state(sk, tcp_state::closed);
    tcp_listener* listener = std::exchange(sk.listener, nullptr);
    sk.listening = false;
    sk.state_change(sk); // wakes accept(), which finds no listener any more
    for (auto& bucket : listener->requests) {
        while (tcp_request* request = bucket.front()) {
            tcp_request::cancel(*request);
            bucket.pop_front();
            lib::ref<tcp_request>::adopt(request);
        }
    }
    return listener;
}

void tcp_end_listener(tcp_listener* listener) {
    if (listener == nullptr) {
        return;
    }
    while (tcp_sock* next = listener->accept_queue.pop_front()) {
        auto child = lib::ref<tcp_sock>::adopt(next);
        port::guard hold(child->sock_lock);
        if (child->state != tcp_state::closed) {
            tcp_send_active_reset(*child);
            tcp_done(*child);
        }
    }
    listener->~tcp_listener();
    port::release(listener);
}

} // namespace net
