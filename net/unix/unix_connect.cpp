// Connections: who is whose peer. All of it happens under unix_table::lock, so it reads as if nobody else
// were there; the sock_locks are taken one at a time for the fields that senders and pollers look at.
//
// connect() makes the server's sock itself and puts it into the listener's queue: the connection stands at
// once, before anybody accepts. A full queue makes connect() wait, as on Linux.

#include "kernel/abi/errno.h"
#include "net/unix/unix_sock.hpp"

namespace net {

namespace {

/// Whether one more connection may wait to be accepted; Linux counts one above the backlog.
bool has_room(const unix_sock& listener) {
    return listener.pending_count <= listener.backlog;
}

/// Table lock held for all of these.
void set_peer(unix_sock& self, lib::ref<unix_sock> peer) {
    port::guard held(self.sock_lock);
    self.peer = std::move(peer);
}

void mark_connected(unix_sock& self, const port::credentials& peer_credentials) {
    port::guard held(self.sock_lock);
    self.connected = true;
    self.peer_credentials = peer_credentials;
    if (self.user_socket != nullptr) {
        self.user_socket->state = socket_state::connected;
    }
    self.state_change(self);
}

lib::result<void> may_connect(const unix_sock& self) {
    if (self.listening) {
        return lib::error{EINVAL};
    }
    return self.connected ? lib::result<void>(lib::error{EISCONN}) : lib::result<void>();
}

/// Room in the listener's queue: ECONNREFUSED if it listens no longer, EAGAIN if there is none.
lib::result<void> check_listener(unix_sock& listener) {
    port::guard held(listener.sock_lock);
    if (!listener.listening || (listener.shutdown & receive_shutdown) != 0) {
        return lib::error{ECONNREFUSED};
    }
    return has_room(listener) ? lib::result<void>() : lib::result<void>(lib::error{EAGAIN});
}

/// Connects self with a new sock in the listener's queue. Errors as check_listener and may_connect.
lib::result<void> join(unix_sock& self, unix_sock& listener, lib::ref<unix_sock> server) {
    port::guard topology(self.owner_stack->unix_sockets->lock);
    TRY(check_listener(listener));
    TRY(may_connect(self));
    self.own_credentials = port::current_credentials();
    {
        port::guard held(server->sock_lock);
        server->name = listener.name;
        server->own_credentials = listener.own_credentials;
    }
    set_peer(*server, lib::ref<unix_sock>::share(&self));
    set_peer(self, server);
    mark_connected(*server, self.own_credentials);
    mark_connected(self, listener.own_credentials);
    port::guard held(listener.sock_lock);
    server->awaits_accept = true;
    listener.pending.push_back(*server.leak());
    listener.pending_count++;
    listener.data_ready(listener);
    return {};
}

/// Waits until the listener's queue has room, or it is worth asking again.
lib::result<void> wait_for_room(unix_sock& self, unix_sock& listener) {
    port::guard held(listener.sock_lock);
    const auto ready = [&listener] { return has_room(listener) || !listener.listening; };
    return sock_wait(listener, ready, self.send_timeout);
}

/// Two socks that only talk to each other, for socketpair. Table lock held.
void join_pair(unix_sock& first, unix_sock& second) {
    set_peer(first, lib::ref<unix_sock>::share(&second));
    set_peer(second, lib::ref<unix_sock>::share(&first));
    mark_connected(first, second.own_credentials);
    mark_connected(second, first.own_credentials);
}

/// The next connection that waits, with the reference that the queue held.
lib::result<lib::ref<unix_sock>> take_pending(unix_sock& listener, bool may_wait) {
    port::guard held(listener.sock_lock);
    if (!listener.listening) {
        return lib::error{EINVAL};
    }
    if (may_wait) {
        const auto ready = [&listener] { return !listener.pending.empty() || listener.shutdown != 0; };
        TRY(sock_wait(listener, ready, listener.receive_timeout));
    }
    unix_sock* child = listener.pending.front();
    if (child == nullptr) { // the listener was shut down
        return lib::error{may_wait ? EINVAL : EAGAIN};
    }
    child->awaits_accept = false;
    listener.pending.pop_front();
    listener.pending_count--;
    listener.wait.wake_all(); // connects that wait for room
    return lib::ref<unix_sock>::adopt(child);
}

/// A datagram sock that turns away from its peer loses what it has not read, whoever sent it. A peer that
/// still talks to it hears of that, as on Linux. A reader that is copying from the queue is waited for.
void lose_messages(unix_sock& self, unix_sock& before) {
    unix_table& table = *self.owner_stack->unix_sockets;
    skb_queue unread;
    {
        port::guard no_reader(self.read_lock);
        port::guard topology(table.lock);
        {
            port::guard held(self.sock_lock);
            unread.take_all(self.receive_queue);
        }
        __atomic_fetch_add(&table.taken, 1, __ATOMIC_RELEASE);
        port::guard held(before.sock_lock);
        if (!unread.empty() && before.peer.get() == &self) {
            before.pending_error = ECONNRESET;
            before.error_report(before);
        }
    }
    while (skb_ptr skb = unread.pop_front()) {
        free_unix_message(std::move(skb));
    }
}

/// Changes a datagram sock's peer, to none if `other` is null; the one it had.
lib::result<lib::ref<unix_sock>> change_peer(unix_sock& self, lib::ref<unix_sock> other) {
    port::guard topology(self.owner_stack->unix_sockets->lock);
    if (other && other->peer && other->peer.get() != &self) {
        return lib::error{EPERM};
    }
    port::guard held(self.sock_lock);
    self.connected = static_cast<bool>(other);
    self.user_socket->state = other ? socket_state::connected : socket_state::unconnected;
    std::swap(self.peer, other);
    return other;
}

} // namespace

lib::result<void> unix_listen(socket& which, int backlog) {
    unix_sock& self = unix_of(which);
    port::guard topology(self.owner_stack->unix_sockets->lock);
    port::guard held(self.sock_lock);
    if (!self.name || self.connected) {
        return lib::error{EINVAL};
    }
    self.own_credentials = port::current_credentials();
    self.backlog = static_cast<unsigned>(backlog);
    self.listening = true;
    self.state_change(self); // a longer queue may let connects in
    return {};
}

lib::result<void> unix_connect_stream(socket& which, const socket_address& address) {
    unix_sock& self = unix_of(which);
    for (;;) {
        const lib::ref<unix_sock> listener = TRY(find_unix_sock(*self.owner_stack, address, self.type));
        if (listener->type != self.type) {
            return lib::error{EPROTOTYPE};
        }
        lib::ref<unix_sock> server = create_unix_sock(*self.owner_stack, self.type);
        if (!server) {
            return lib::error{ENOMEM};
        }
        const auto joined = join(self, *listener, server);
        if (joined.ok()) {
            return {};
        }
        close_unix_sock(*server, unix_ending::closed);
        if (joined.error().number != EAGAIN || which.non_blocking) {
            return joined;
        }
        TRY(wait_for_room(self, *listener));
    }
}

/// A datagram socket's default destination, and the only one that may send to it. AF_UNSPEC takes it back.
lib::result<void> unix_connect_datagram(socket& which, const socket_address& address) {
    unix_sock& self = unix_of(which);
    lib::ref<unix_sock> other;
    if (address.length < sizeof(sa_family_t)) {
        return lib::error{EINVAL};
    }
    if (address.any.sa_family != AF_UNSPEC) {
        other = TRY(find_unix_sock(*self.owner_stack, address, self.type));
        if (other->type != self.type) {
            return lib::error{EPROTOTYPE};
        }
    }
    const unix_sock* wanted = other.get();
    const lib::ref<unix_sock> before = TRY(change_peer(self, std::move(other)));
    if (before && before.get() != wanted) {
        lose_messages(self, *before);
    }
    return {};
}

lib::result<void> unix_accept(socket& listener, socket& accepted) {
    lib::ref<unix_sock> child = TRY(take_pending(unix_of(listener), !listener.non_blocking));
    port::guard held(child->sock_lock);
    child->user_socket = &accepted;
    accepted.state = socket_state::connected;
    accepted.sk = lib::ref<unix_sock>(child).leak();
    return {};
}

lib::result<void> unix_socketpair(socket& first, socket& second) {
    unix_sock& left = unix_of(first);
    port::guard topology(left.owner_stack->unix_sockets->lock);
    join_pair(left, unix_of(second));
    return {};
}

lib::result<void> unix_shutdown(socket& which, int how) {
    unix_sock& self = unix_of(which);
    const auto bits = static_cast<uint8_t>(how + 1); // SHUT_RD, SHUT_WR, SHUT_RDWR: 1, 2, 3
    port::guard topology(self.owner_stack->unix_sockets->lock);
    {
        port::guard held(self.sock_lock);
        self.shutdown |= bits;
        self.state_change(self);
    }
    if (!self.peer || !self.has_connections()) {
        return {};
    }
    unix_sock& peer = *self.peer;
    port::guard held(peer.sock_lock);
    peer.shutdown |= (bits & receive_shutdown) != 0 ? send_shutdown : 0;
    peer.shutdown |= (bits & send_shutdown) != 0 ? receive_shutdown : 0;
    peer.state_change(peer);
    return {};
}

} // namespace net
