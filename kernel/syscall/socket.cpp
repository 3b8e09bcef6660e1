// The socket calls that do not move data: making, naming, connecting, accepting, options. Each copies what
// the user passes once, finds the socket, and calls one function of net/core/socket.hpp.
//
// Errors come in Linux's order: a bad descriptor before a bad address, both before what the family says.

#include "kernel/syscall/socket.hpp"

#include "kernel/abi/errno.h"
#include "kernel/fs/fd_table.hpp"
#include "kernel/net_port.hpp"
#include "kernel/syscall/socket_internal.hpp"
#include "kernel/task/process.hpp"
#include "net/stack.hpp"

namespace syscall {

namespace {

constexpr int type_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
/// No option is longer. A longer value of the user's is cut: its option will refuse it or not look beyond.
constexpr uint32_t option_bytes = 512;

using which_name = net::proto_ops::which_name;

lib::result<int> do_socket(int family, int type, int protocol) {
    if ((type & ~SOCK_TYPE_MASK & ~type_flags) != 0) {
        return lib::error{EINVAL};
    }
    net::socket* sock =
        TRY(net::sock_create(net::port::kernel_stack(), family, type & SOCK_TYPE_MASK, protocol));
    auto place = socket_place::reserve(type & type_flags);
    if (!place.ok()) {
        net::sock_release(sock);
        return place.error();
    }
    place.value().fill(sock);
    return place.value().install();
}

lib::result<void> do_bind(const arguments& args) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    net::socket_address address;
    TRY(fetch_address(address, args[1], args.as_int(2)));
    return net::sock_bind(*target.sock, address);
}

lib::result<void> do_connect(const arguments& args) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    net::socket_address address;
    TRY(fetch_address(address, args[1], args.as_int(2)));
    return net::sock_connect(*target.sock, address);
}

lib::result<void> do_listen(const arguments& args) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    return net::sock_listen(*target.sock, args.as_int(1));
}

/// The peer's address is told before the descriptor exists: a failure leaves no connection behind.
lib::result<void> tell_peer(net::socket& accepted, uint64_t user_address, mm::user_ptr<int> user_length) {
    if (user_address == 0) {
        return {};
    }
    net::socket_address address;
    if (!net::sock_getname(accepted, address, which_name::accepted).ok()) {
        return lib::error{ECONNABORTED};
    }
    return store_address(address, user_address, user_length);
}

lib::result<int> do_accept(const arguments& args, int flags) {
    if ((flags & ~type_flags) != 0) {
        return lib::error{EINVAL};
    }
    const open_socket listener = TRY(find_socket(args.as_int(0)));
    socket_place place = TRY(socket_place::reserve(flags)); // before a connection leaves its queue
    net::socket* accepted = TRY(net::sock_accept(*listener.sock));
    place.fill(accepted);
    TRY(tell_peer(*accepted, args[1], mm::user_ptr<int>(args[2])));
    return place.install();
}

lib::result<void> do_getname(const arguments& args, which_name which) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    net::socket_address address;
    TRY(net::sock_getname(*target.sock, address, which));
    return store_address(address, args[1], mm::user_ptr<int>(args[2]));
}

/// Two connected sockets; on failure none is left.
lib::result<void> make_pair(int family, int type, int protocol, net::socket* (&pair)[2]) {
    net::stack& in = net::port::kernel_stack();
    pair[0] = TRY(net::sock_create(in, family, type, protocol));
    auto second = net::sock_create(in, family, type, protocol);
    if (!second.ok()) {
        net::sock_release(pair[0]);
        return second.error();
    }
    pair[1] = second.value();
    const auto outcome = net::sock_socketpair(*pair[0], *pair[1]);
    if (!outcome.ok()) {
        net::sock_release(pair[0]);
        net::sock_release(pair[1]);
    }
    return outcome;
}

lib::result<void> do_socketpair(const arguments& args) {
    const int type = args.as_int(1);
    if ((type & ~SOCK_TYPE_MASK & ~type_flags) != 0) {
        return lib::error{EINVAL};
    }
    socket_place first = TRY(socket_place::reserve(type & type_flags));
    socket_place second = TRY(socket_place::reserve(type & type_flags));
    const int descriptors[2] = {first.number(), second.number()};
    TRY(mm::copy_to_user(mm::user_ptr<void>(args[3]), descriptors, sizeof descriptors));
    net::socket* pair[2];
    TRY(make_pair(args.as_int(0), type & SOCK_TYPE_MASK, args.as_int(2), pair));
    first.fill(pair[0]);
    second.fill(pair[1]);
    first.install();
    second.install();
    return {};
}

lib::result<void> do_setsockopt(const arguments& args) {
    const int length = args.as_int(4);
    if (length < 0) {
        return lib::error{EINVAL};
    }
    const open_socket target = TRY(find_socket(args.as_int(0)));
    alignas(8) uint8_t value[option_bytes];
    const uint32_t used =
        static_cast<uint32_t>(length) < option_bytes ? static_cast<uint32_t>(length) : option_bytes;
    TRY(mm::copy_from_user(value, mm::user_ptr<const void>(args[3]), used));
    return net::sock_setsockopt(*target.sock, args.as_int(1), args.as_int(2), value, used);
}

lib::result<void> do_getsockopt(const arguments& args) {
    const open_socket target = TRY(find_socket(args.as_int(0)));
    const mm::user_ptr<int> user_length(args[4]);
    const int length = TRY(mm::fetch(user_length));
    if (length < 0) {
        return lib::error{EINVAL};
    }
    alignas(8) uint8_t value[option_bytes] = {};
    uint32_t used =
        static_cast<uint32_t>(length) < option_bytes ? static_cast<uint32_t>(length) : option_bytes;
    TRY(net::sock_getsockopt(*target.sock, args.as_int(1), args.as_int(2), value, &used));
    TRY(mm::copy_to_user(mm::user_ptr<void>(args[3]), value, used));
    return mm::store(user_length, static_cast<int>(used));
}

} // namespace

lib::result<void> fetch_address(net::socket_address& to, uint64_t user_address, int length) {
    if (length < 0 || static_cast<size_t>(length) > sizeof to.storage) {
        return lib::error{EINVAL};
    }
    to.length = static_cast<uint32_t>(length);
    return mm::copy_from_user(&to.storage, mm::user_ptr<const void>(user_address), to.length);
}

lib::result<void> store_address(const net::socket_address& from, uint64_t user_address,
                                mm::user_ptr<int> user_length) {
    const int room = TRY(mm::fetch(user_length));
    if (room < 0) {
        return lib::error{EINVAL};
    }
    const uint32_t told =
        static_cast<uint32_t>(room) < from.length ? static_cast<uint32_t>(room) : from.length;
    TRY(mm::copy_to_user(mm::user_ptr<void>(user_address), &from.storage, told));
    return mm::store(user_length, static_cast<int>(from.length));
}

long sys_socket(const arguments& args) {
    return lib::as_syscall(do_socket(args.as_int(0), args.as_int(1), args.as_int(2)));
}

long sys_bind(const arguments& args) {
    return lib::as_syscall(do_bind(args));
}

long sys_connect(const arguments& args) {
    return lib::as_syscall(do_connect(args));
}

long sys_listen(const arguments& args) {
    return lib::as_syscall(do_listen(args));
}

long sys_accept(const arguments& args) {
    return lib::as_syscall(do_accept(args, 0));
}

long sys_accept4(const arguments& args) {
    return lib::as_syscall(do_accept(args, args.as_int(3)));
}

long sys_getsockname(const arguments& args) {
    return lib::as_syscall(do_getname(args, which_name::own));
}

long sys_getpeername(const arguments& args) {
    return lib::as_syscall(do_getname(args, which_name::peer));
}

long sys_socketpair(const arguments& args) {
    return lib::as_syscall(do_socketpair(args));
}

long sys_shutdown(const arguments& args) {
    const auto target = find_socket(args.as_int(0));
    if (!target.ok()) {
        return lib::as_syscall(lib::result<void>(target.error()));
    }
    return lib::as_syscall(net::sock_shutdown(*target.value().sock, args.as_int(1)));
}

long sys_setsockopt(const arguments& args) {
    return lib::as_syscall(do_setsockopt(args));
}

long sys_getsockopt(const arguments& args) {
    return lib::as_syscall(do_getsockopt(args));
}

} // namespace syscall
