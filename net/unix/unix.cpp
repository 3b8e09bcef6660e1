// The family: its sockets' life from socket() to close(), readiness, options, and its table.
//
// Interface: unix_init() registers unix_family; everything else is reached through the three proto_ops below.
//
// Invariants: a sock whose socket was closed is shut down in both directions before its queue is emptied, so
// nobody queues a message at it afterwards. Its peer keeps a reference but finds it shut down.

#include "net/unix/unix.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/netdevice.h"
#include "kernel/lib/string.hpp"
#include "net/unix/unix_sock.hpp"

#include <new>

namespace net {

namespace {

/// Runs under whatever lock the last reference went under: only memory is freed.
void destroy_unix_sock(sock* sk) {
    auto* self = static_cast<unix_sock*>(sk);
    self->~unix_sock();
    port::release(self);
}

constexpr proto unix_prot = {
    .name = "UNIX",
    .create = nullptr,
    .destroy = destroy_unix_sock,
    .close = nullptr,
    .bind = nullptr,
    .connect = nullptr,
    .disconnect = nullptr,
    .listen = nullptr,
    .accept = nullptr,
    .shutdown = nullptr,
    .poll = nullptr,
    .ioctl = nullptr,
    .setsockopt = nullptr,
    .getsockopt = nullptr,
    .sendmsg = nullptr,
    .recvmsg = nullptr,
};

/// The peer of a closed connection: reads end, writes break; unread data there makes it a reset.
void tell_peer_of_close(unix_sock& peer, bool data_lost) {
    port::guard held(peer.sock_lock);
    peer.shutdown = both_shutdown;
    if (data_lost) {
        peer.pending_error = ECONNRESET;
    }
    peer.state_change(peer);
}

lib::result<void> unix_release(socket& which) {
    if (which.sk == nullptr) {
        return {};
    }
    unix_sock& self = unix_of(which);
    {
        port::guard held(self.sock_lock);
        self.user_socket = nullptr;
    }
    close_unix_sock(self, unix_ending::closed);
    which.sk = nullptr;
    stack& in = *self.owner_stack;
    lib::ref<sock>::adopt(&self).reset();
    unix_collect_garbage(in);
    return {};
}

short unix_poll(socket& which, port::poll_table* table) {
    unix_sock& self = unix_of(which);
    if (table != nullptr) {
        self.wait.add_poller(*table);
    }
    port::guard held(self.sock_lock);
    int mask = self.pending_error != 0 ? POLLERR : 0;
    if (self.shutdown == both_shutdown || (self.has_connections() && !self.connected && !self.listening)) {
        mask |= POLLHUP;
    }
    if ((self.shutdown & receive_shutdown) != 0) {
        mask |= POLLRDHUP | POLLIN | POLLRDNORM;
    }
    if (!self.receive_queue.empty() || !self.pending.empty()) {
        mask |= POLLIN | POLLRDNORM;
    }
    if (!self.listening && sock_has_send_space(self)) {
        mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
    }
    return static_cast<short>(mask);
}

/// SIOCINQ: what one read can get. SIOCOUTQ: memory of what the peer has not read.
lib::result<long> unix_ioctl(socket& which, unsigned command, uintptr_t argument) {
    unix_sock& self = unix_of(which);
    int answer = 0;
    switch (command) {
    case SIOCOUTQ:
        answer = static_cast<int>(__atomic_load_n(&self.send_memory, __ATOMIC_RELAXED));
        break;
    case SIOCINQ: {
        port::guard held(self.sock_lock);
        if (self.listening) {
            return lib::error{EINVAL};
        }
        const sk_buff* first = self.receive_queue.front();
        const uint32_t first_bytes = first != nullptr ? first->length() : 0;
        answer = static_cast<int>(self.type == SOCK_DGRAM ? first_bytes : self.receive_queue.bytes());
        break;
    }
    default:
        return self.owner_stack->device_ioctl(*self.owner_stack, command, argument);
    }
    TRY(port::copy_to_user(argument, &answer, sizeof answer));
    return 0L;
}

lib::result<void> unix_getsockopt(socket& which, int level, int option, void* value, uint32_t* length) {
    if (level != SOL_SOCKET) {
        return lib::error{EOPNOTSUPP};
    }
    if (option != SO_PEERCRED) {
        return lib::error{ENOPROTOOPT};
    }
    unix_sock& self = unix_of(which);
    port::guard held(self.sock_lock);
    const port::credentials& peer = self.peer_credentials;
    const ucred told = {.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
    *length = *length < sizeof told ? *length : static_cast<uint32_t>(sizeof told);
    memcpy(value, &told, *length);
    return {};
}

constexpr proto_ops unix_stream_ops = {
    .family = AF_UNIX,
    .release = unix_release,
    .bind = unix_bind,
    .connect = unix_connect_stream,
    .socketpair = unix_socketpair,
    .accept = unix_accept,
    .getname = unix_getname,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .listen = unix_listen,
    .shutdown = unix_shutdown,
    .setsockopt = nullptr,
    .getsockopt = unix_getsockopt,
    .sendmsg = unix_send_stream,
    .recvmsg = unix_receive_stream,
};

constexpr proto_ops unix_dgram_ops = {
    .family = AF_UNIX,
    .release = unix_release,
    .bind = unix_bind,
    .connect = unix_connect_datagram,
    .socketpair = unix_socketpair,
    .accept = nullptr,
    .getname = unix_getname,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .listen = nullptr,
    .shutdown = unix_shutdown,
    .setsockopt = nullptr,
    .getsockopt = unix_getsockopt,
    .sendmsg = unix_send_datagram,
    .recvmsg = unix_receive_message,
};

constexpr proto_ops unix_seqpacket_ops = {
    .family = AF_UNIX,
    .release = unix_release,
    .bind = unix_bind,
    .connect = unix_connect_stream,
    .socketpair = unix_socketpair,
    .accept = unix_accept,
    .getname = unix_getname,
    .poll = unix_poll,
    .ioctl = unix_ioctl,
    .listen = unix_listen,
    .shutdown = unix_shutdown,
    .setsockopt = nullptr,
    .getsockopt = unix_getsockopt,
    .sendmsg = unix_send_seqpacket,
    .recvmsg = unix_receive_message,
};

lib::result<void> unix_create(stack& in, socket& fresh, int protocol) {
    if (protocol != 0 && protocol != PF_UNIX) {
        return lib::error{EPROTONOSUPPORT};
    }
    switch (fresh.type) {
    case SOCK_STREAM:
        fresh.ops = &unix_stream_ops;
        break;
    case SOCK_RAW: // Linux takes it for a datagram socket
        fresh.type = SOCK_DGRAM;
        [[fallthrough]];
    case SOCK_DGRAM:
        fresh.ops = &unix_dgram_ops;
        break;
    case SOCK_SEQPACKET:
        fresh.ops = &unix_seqpacket_ops;
        break;
    default:
        return lib::error{ESOCKTNOSUPPORT};
    }
    lib::ref<unix_sock> made = create_unix_sock(in, fresh.type);
    if (!made) {
        return lib::error{ENOMEM};
    }
    made->user_socket = &fresh;
    fresh.sk = made.leak();
    return {};
}

constexpr net_proto_family unix_family = {.family = AF_UNIX, .create = unix_create};

char state_number(const unix_sock& self) {
    return self.connected ? 3 : 1; // Linux: SS_CONNECTED, SS_UNCONNECTED
}

void report_sock(unix_sock& self, report_writer& to) {
    port::guard held(self.sock_lock);
    const uint64_t inode = self.user_socket != nullptr ? self.user_socket->inode : 0;
    constexpr unsigned accepts_connections = 0x10000; // Linux: __SO_ACCEPTCON
    to.print("%016lx: %08x 00000000 %08x %04x %02x %5lu", static_cast<unsigned long>(self.id), self.count(),
             self.listening ? accepts_connections : 0, self.type, state_number(self),
             static_cast<unsigned long>(inode));
    if (self.name) {
        const uint32_t length = self.name->length - unix_path_offset;
        char text[UNIX_PATH_MAX + 1] = {};
        for (uint32_t index = 0; index < length && index < UNIX_PATH_MAX; index++) {
            const char letter = self.name->address.sun_path[index];
            // An abstract name shows '@' for its NULs; a path ends at its own.
            text[index] = letter == 0 && self.name->node == 0 ? '@' : letter;
        }
        to.print(" %s", text);
    }
    to.print("\n");
}

} // namespace

unix_sock::unix_sock(stack& in, uint16_t type_number) : sock(in, unix_prot, AF_UNIX, type_number, 0) {
    own_credentials = port::current_credentials();
    owner_uid = own_credentials.uid;
}

lib::ref<unix_sock> create_unix_sock(stack& in, uint16_t type) {
    void* memory = port::allocate(sizeof(unix_sock), port::memory_tag::socket);
    if (memory == nullptr) {
        return nullptr;
    }
    auto made = lib::ref<unix_sock>::adopt(new (memory) unix_sock(in, type));
    unix_table& table = *in.unix_sockets;
    port::guard held(table.lock);
    table.all.push_back(*made);
    return made;
}

void close_unix_sock(unix_sock& self, unix_ending why) {
    unix_table& table = *self.owner_stack->unix_sockets;
    lib::ref<unix_sock> peer;
    skb_queue unread;
    lib::list<unix_sock, &unix_sock::pending_link> never_accepted;
    {
        port::guard topology(table.lock);
        forget_name(self);
        table.all.remove(self);
        port::guard held(self.sock_lock);
        self.shutdown = both_shutdown;
        self.listening = false;
        peer = std::move(self.peer);
        while (skb_ptr skb = self.receive_queue.pop_front()) {
            unread.push_back(std::move(skb));
        }
        __atomic_fetch_add(&table.taken, 1, __ATOMIC_RELEASE);
        while (unix_sock* child = self.pending.pop_front()) {
            never_accepted.push_back(*child);
        }
        self.pending_count = 0;
        self.state_change(self);
    }
    const bool data_lost = !unread.empty() || why == unix_ending::never_accepted;
    while (skb_ptr skb = unread.pop_front()) {
        free_unix_message(std::move(skb));
    }
    if (peer && self.has_connections()) {
        tell_peer_of_close(*peer, data_lost);
    }
    while (unix_sock* child = never_accepted.pop_front()) {
        close_unix_sock(*child, unix_ending::never_accepted);
        lib::ref<unix_sock>::adopt(child).reset();
    }
}

lib::result<void> unix_init(stack& in) {
    void* memory = port::allocate(sizeof(unix_table), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    in.unix_sockets = new (memory) unix_table;
    return in.register_family(unix_family);
}

void unix_exit(stack& in) {
    if (in.unix_sockets != nullptr) {
        in.unix_sockets->~unix_table();
        port::release(in.unix_sockets);
        in.unix_sockets = nullptr;
    }
}

void unix_report(stack& in, report_writer& to) {
    to.print("Num               RefCount Protocol Flags    Type St Inode Path\n");
    unix_table& table = *in.unix_sockets;
    port::guard held(table.lock);
    for (unix_sock& self : table.all) {
        report_sock(self, to);
    }
}

} // namespace net
