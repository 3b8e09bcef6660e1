#pragma once
// struct socket: the half of a socket that a file knows. It carries the table of the calls that a user
// makes (proto_ops) and points to the other half, struct sock (sock.hpp), that the protocol knows.
//
//   file ──> socket ──ops──> proto_ops   (inet_stream_ops, inet_dgram_ops, unix_stream_ops, ...)
//               └──sk──> sock ──prot──> proto   (tcp_prot, udp_prot, raw_prot, ping_prot)
//
// Address families register a net_proto_family in the stack; sock_create() looks the family up and calls
// its create(), which chooses ops and prot. No family is known to this layer by name.

#include "kernel/abi/inet.h"
#include "kernel/abi/socket.h"
#include "kernel/lib/ref.hpp"
#include "net/core/iov_iter.hpp"
#include "net/port.hpp"

#include <cstdint>

namespace net {

struct sock;
struct socket;
struct proto_ops;

/// An address as it came from, or goes to, the user.
struct socket_address {
    union {
        sockaddr any;
        sockaddr_in in;
        sockaddr_storage storage;
    };
    uint32_t length = 0;

    socket_address() : storage{} {}
};

/// Ancillary data, copied from the user before or to the user after the call, so that families never touch
/// user memory. Messages are laid out as cmsghdr (see kernel/abi/socket.h).
struct control_buffer {
    uint8_t* bytes = nullptr; ///< nullptr: the caller wants none
    size_t capacity = 0;
    size_t length = 0;

    /// Appends one message; what does not fit is cut and reported by MSG_CTRUNC in *message_flags.
    void append(int level, int type, const void* data, size_t length_bytes, int* message_flags);
};

/// One sendmsg or recvmsg inside the kernel.
struct message {
    socket_address* address = nullptr; ///< destination, or where to put the source; may be absent
    iov_iter payload;
    control_buffer control;
    int flags = 0; ///< MSG_..., on return those for the user (MSG_TRUNC, MSG_CTRUNC, ...)
};

enum class socket_state : uint8_t { unconnected, connecting, connected, disconnecting };

struct socket {
    stack* owner_stack = nullptr;
    uint16_t family = 0;
    uint16_t type = 0; ///< SOCK_...
    int protocol = 0;
    socket_state state = socket_state::unconnected; ///< guarded by sk's lock
    bool non_blocking = false;                      ///< O_NONBLOCK of the file; read without a lock
    uint64_t inode = 0;        ///< number of the file's inode, for /proc/net; set by the system calls
    port::signal_target owner; ///< F_SETOWN: for SIGURG and SIGIO; guarded by sk's lock
    bool asynchronous = false; ///< O_ASYNC
    const proto_ops* ops = nullptr;
    sock* sk = nullptr; ///< one counted reference, given back by ops->release
};

/// The calls of one family and type. Process context, may sleep, no lock held.
/// `wait` of a call: never when the socket is non-blocking or the flags say MSG_DONTWAIT.
struct proto_ops {
    int family;
    lib::result<void> (*release)(socket& sock);
    lib::result<void> (*bind)(socket& sock, const socket_address& address);
    lib::result<void> (*connect)(socket& sock, const socket_address& address);
    lib::result<void> (*socketpair)(socket& first, socket& second);
    /// Fills `accepted`, a fresh socket of the same type without a sock.
    lib::result<void> (*accept)(socket& listener, socket& accepted);
    /// `accepted`: the peer, also of a connection that has ended while it waited for accept().
    enum class which_name : uint8_t { own, peer, accepted };
    lib::result<void> (*getname)(socket& sock, socket_address& address, which_name which);
    /// POLL... bits that hold now; when table is given the caller is added to the sock's wait queue first.
    short (*poll)(socket& sock, port::poll_table* table);
    /// `argument` is the user's address or number.
    lib::result<long> (*ioctl)(socket& sock, unsigned command, uintptr_t argument);
    lib::result<void> (*listen)(socket& sock, int backlog);
    lib::result<void> (*shutdown)(socket& sock, int how);
    /// Levels above SOL_SOCKET, which the socket layer handles itself. The value is kernel memory.
    lib::result<void> (*setsockopt)(socket& sock, int level, int option, const void* value, uint32_t length);
    /// Writes at most *length bytes to value and sets *length to what it wrote.
    lib::result<void> (*getsockopt)(socket& sock, int level, int option, void* value, uint32_t* length);
    lib::result<size_t> (*sendmsg)(socket& sock, message& msg);
    lib::result<size_t> (*recvmsg)(socket& sock, message& msg);
};

/// An address family: knows how to make its sockets.
struct net_proto_family {
    int family;
    lib::result<void> (*create)(stack& in, socket& fresh, int protocol);
};

// ---- what the system calls use (process context, may sleep) ----------------------------------------------

/// A socket of the family: EAFNOSUPPORT, EINVAL, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EPERM, ENOMEM, ENOBUFS.
/// The caller owns it and ends it with sock_release().
lib::result<socket*> sock_create(stack& in, int family, int type, int protocol);
/// Ends a socket: calls ops->release, which lets go of the sock.
void sock_release(socket* sock);

lib::result<void> sock_bind(socket& sock, const socket_address& address);
lib::result<void> sock_listen(socket& sock, int backlog);
lib::result<void> sock_connect(socket& sock, const socket_address& address);
/// The new socket of the next connection; the caller owns it.
lib::result<socket*> sock_accept(socket& listener);
lib::result<void> sock_socketpair(socket& first, socket& second);
lib::result<void> sock_getname(socket& sock, socket_address& address, proto_ops::which_name which);
/// Sends and receives. A broken stream raises SIGPIPE unless MSG_NOSIGNAL, and fails with EPIPE.
lib::result<size_t> sock_sendmsg(socket& sock, message& msg);
lib::result<size_t> sock_recvmsg(socket& sock, message& msg);
lib::result<void> sock_shutdown(socket& sock, int how);
/// SOL_SOCKET here, all other levels in ops. value is kernel memory of exactly `length` bytes.
lib::result<void> sock_setsockopt(socket& sock, int level, int option, const void* value, uint32_t length);
lib::result<void> sock_getsockopt(socket& sock, int level, int option, void* value, uint32_t* length);
lib::result<long> sock_ioctl(socket& sock, unsigned command, uintptr_t argument);
short sock_poll(socket& sock, port::poll_table* table);
/// F_SETOWN: who gets SIGIO and SIGURG (see port::signal_target), in the name of the caller's user.
void sock_set_owner(socket& sock, int owner);

} // namespace net
