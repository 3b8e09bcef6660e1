#include "net/ipv4/tcp.hpp"

// A TCP sock's life: created closed, opened by connect() or as a listener's child, ended by tcp_done() from
// wherever its last reason to exist ends. State changes all pass through tcp_set_state. The verbs of the user
// are in files of their own (tcp_verbs.hpp); connect() and poll() are here.
//
//   reference holders   the socket, the table of connections, each pending timer, the accept queue
//   tcp_done()          leaves table and timers; with the last reference the memory goes

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "net/core/snmp.hpp"
#include "net/ipv4/ports.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/ipv4/tcp_ipv4.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_reassembly.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/ipv4/tcp_timer.hpp"
#include "net/ipv4/tcp_verbs.hpp"
#include "net/ipv4/tcp_window.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

lib::result<sock*> tcp_create(stack& in, int) {
    void* memory = port::allocate(sizeof(tcp_sock), port::memory_tag::socket);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    return static_cast<sock*>(new (memory) tcp_sock(in));
}

/// The last reference is gone: no table, timer or queue knows it. Any context, any lock held.
void tcp_destroy(sock* base) {
    auto* sk = static_cast<tcp_sock*>(base);
    ASSERT(sk->state == tcp_state::closed && sk->listener == nullptr);
    sk->~tcp_sock();
    port::release(sk);
}

/// Why a connection attempt ended, for connect().
lib::error attempt_failed(tcp_sock& sk) {
    const int error_number = sock_take_error(sk);
    return lib::error{error_number != 0 ? error_number : ECONNABORTED};
}

lib::result<void> begin_connect(tcp_sock& sk, const socket_address& address) {
    if (sk.state != tcp_state::closed) {
        return lib::error{EISCONN};
    }
    const inet_endpoint to = TRY(parse_inet_address(address));
    sk.pending_error = 0;
    TRY(tcp_v4_connect(sk, to));
    sk.user_socket->state = socket_state::connecting;
    return {};
}

/// Begins an attempt, or finds one, and waits for its outcome if it may: whether there is a connection now.
/// sock_lock held, given back while waiting.
lib::result<bool> attempt_connect(tcp_sock& sk, const socket_address& address, bool may_wait) {
    int if_pending = EALREADY;
    switch (sk.user_socket->state) {
    case socket_state::connected:
        return lib::error{EISCONN};
    case socket_state::disconnecting:
        return lib::error{EINVAL};
    case socket_state::unconnected:
        TRY(begin_connect(sk, address));
        if_pending = EINPROGRESS;
        break;
    default:
        break;
    }
    auto decided = [&] { return sk.state != tcp_state::syn_sent && sk.state != tcp_state::syn_received; };
    if (!decided()) {
        if (!may_wait) {
            return lib::error{if_pending};
        }
        if (lib::result<void> waited = sock_wait(sk, decided, sk.send_timeout); !waited.ok()) {
            // It goes on in the background; a second connect() finds it (EALREADY, EISCONN).
            return lib::error{waited.error().number == EINTR ? EINTR : EINPROGRESS};
        }
    }
    if (sk.state == tcp_state::closed) {
        return false;
    }
    sk.user_socket->state = socket_state::connected;
    return true;
}

lib::result<void> tcp_connect(sock& base, const socket_address& address, bool may_wait) {
    tcp_sock& sk = as_tcp(base);
    if (address.length >= sizeof(sa_family_t) && address.any.sa_family == AF_UNSPEC) {
        return tcp_disconnect(base);
    }
    lib::error failure{0};
    {
        port::guard hold(sk.sock_lock);
        if (TRY(attempt_connect(sk, address, may_wait))) {
            return {};
        }
        failure = attempt_failed(sk);
    }
    TRY(tcp_disconnect(base)); // takes more locks than this one: the socket is as new again
    return failure;
}

/// The poll bits of Linux's tcp_poll, one reason per line.
short tcp_poll(sock& base, port::poll_table* table) {
    tcp_sock& sk = as_tcp(base);
    if (table != nullptr) {
        sk.wait.add_poller(*table);
    }
    port::guard hold(sk.sock_lock);
    if (sk.state == tcp_state::listen) {
        return sk.listener->accept_queue.empty() ? 0 : POLLIN | POLLRDNORM;
    }
    int mask = 0;
    if (sk.shutdown == both_shutdown || sk.state == tcp_state::closed) {
        mask |= POLLHUP;
    }
    if ((sk.shutdown & receive_shutdown) != 0) {
        mask |= POLLIN | POLLRDNORM | POLLRDHUP;
    }
    if (sk.state != tcp_state::syn_sent && sk.state != tcp_state::syn_received) {
        if (tcp_is_readable(sk, static_cast<uint32_t>(sk.receive_low_water))) {
            mask |= POLLIN | POLLRDNORM;
        }
        if ((sk.shutdown & send_shutdown) != 0) {
            mask |= POLLOUT | POLLWRNORM; // a write would not block: it fails at once
        } else if (tcp_is_writable(sk)) {
            mask |= POLLOUT | POLLWRNORM;
        } else {
            sk.no_space = true; // asks to be woken
        }
        if (sk.urgent_state == tcp_sock::urgent::valid) {
            mask |= POLLPRI;
        }
    }
    if (sk.pending_error != 0 || !sk.error_queue.empty()) {
        mask |= POLLERR;
    }
    return static_cast<short>(mask);
}

} // namespace

tcp_sock::tcp_sock(stack& in)
    : inet_sock(in, tcp_prot, AF_INET, SOCK_STREAM, IPPROTO_TCP), retransmit_timer(tcp_retransmit_expired),
      delayed_ack_timer(tcp_delayed_ack_expired), keepalive_timer(tcp_keepalive_expired) {
    receive_buffer_limit = static_cast<uint32_t>(in.settings.tcp_rmem.initial);
    send_buffer_limit = static_cast<uint32_t>(in.settings.tcp_wmem.initial);
    reordering = static_cast<uint32_t>(in.settings.tcp_reordering);
    congestion = &tcp_default_congestion(in);
    rto = tcp_rto_initial;
}

tcp_sock::~tcp_sock() {
    tcp_purge_send_queues(*this);
    tcp_purge_receive_queue(*this);
    tcp_purge_out_of_order(*this);
    port::release(ranges);
}

const char* tcp_state_name(tcp_state state) {
    static constexpr const char* names[] = {"?",          "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
                                            "FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
                                            "CLOSE_WAIT", "LAST_ACK",    "LISTEN",    "CLOSING"};
    const auto number = static_cast<unsigned>(state);
    return number < sizeof(names) / sizeof(names[0]) ? names[number] : names[0];
}

void tcp_set_state(tcp_sock& sk, tcp_state next) {
    const tcp_state before = sk.state;
    stack& in = *sk.owner_stack;
    trace(in, trace_event::tcp_state,
          {.sock = sk.id,
           .value = {static_cast<uint64_t>(before), static_cast<uint64_t>(next), sk.local_port,
                     sk.remote_port}});
    if (next == tcp_state::established) {
        count(in, mib::tcp_current_established);
    } else if (before == tcp_state::established && next != tcp_state::close_wait) {
        uncount(in, mib::tcp_current_established);
    } else if (before == tcp_state::close_wait) {
        uncount(in, mib::tcp_current_established);
    }
    if (next == tcp_state::closed && (before == tcp_state::established || before == tcp_state::close_wait)) {
        count(in, mib::tcp_established_resets);
    }
    sk.state = next;
    sk.prediction = false;
    if (next == tcp_state::closed) {
        tcp_unhash(sk);
        if (!sk.port_bound) {
            ports_release(sk); // as on Linux: bind() may be called again
        }
    }
}

void tcp_done(tcp_sock& sk) {
    if (sk.state == tcp_state::closed) {
        return;
    }
    if (sk.state == tcp_state::syn_sent || sk.state == tcp_state::syn_received) {
        count(*sk.owner_stack, mib::tcp_attempt_fails);
    }
    tcp_set_state(sk, tcp_state::closed);
    tcp_stop_timers(sk);
    tcp_purge_send_queues(sk);
    tcp_purge_out_of_order(sk);
    sk.shutdown = both_shutdown;
    if (sk.orphan) {
        sk.orphan = false;
        __atomic_fetch_sub(&sk.owner_stack->tcp->orphan_count, 1, __ATOMIC_RELAXED);
        tcp_purge_receive_queue(sk);
    }
    if (sk.user_socket == nullptr) {
        inet_release_resources(sk);
    }
    sk.state_change(sk);
}

void tcp_abort(tcp_sock& sk, int error_number) {
    sk.pending_error = error_number;
    tcp_done(sk);
    sk.error_report(sk);
}

const proto tcp_prot = {
    .name = "TCP",
    .create = tcp_create,
    .destroy = tcp_destroy,
    .close = tcp_close,
    .bind = inet_bind,
    .connect = tcp_connect,
    .disconnect = tcp_disconnect,
    .listen = tcp_listen,
    .accept = tcp_accept,
    .shutdown = tcp_shutdown,
    .poll = tcp_poll,
    .ioctl = tcp_ioctl,
    .setsockopt = tcp_setsockopt,
    .getsockopt = tcp_getsockopt,
    .sendmsg = tcp_sendmsg,
    .recvmsg = tcp_recvmsg,
};

} // namespace net
