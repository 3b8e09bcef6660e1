// The socket layer: finds the family, keeps struct socket, and passes each call to the family's proto_ops.
// It knows no family by name. Calls a family does not offer (a null entry) fail with EOPNOTSUPP.

#include "net/core/socket.hpp"

#include "kernel/abi/errno.h"
#include "net/core/sock.hpp"
#include "net/stack.hpp"

#include <new>

namespace net {
namespace {

lib::result<socket*> allocate_socket(stack& in, int family, int type, int protocol) {
    void* memory = port::allocate(sizeof(socket), port::memory_tag::socket);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* fresh = new (memory) socket;
    fresh->owner_stack = &in;
    fresh->family = static_cast<uint16_t>(family);
    fresh->type = static_cast<uint16_t>(type);
    fresh->protocol = protocol;
    return fresh;
}

void free_socket(socket* which) {
    which->~socket();
    port::release(which);
}

uint64_t sock_id(const socket& which) {
    return which.sk != nullptr ? which.sk->id : 0;
}

/// The address and port of an AF_INET address for traces; zeros for other families.
trace_fields trace_address(const socket& which, const socket_address& address, int error_number) {
    trace_fields fields{.sock = sock_id(which)};
    if (address.length >= sizeof(sockaddr_in) && address.any.sa_family == AF_INET) {
        fields.value[0] = lib::swap_bytes(address.in.sin_addr.s_addr);
        fields.value[1] = lib::swap_bytes(address.in.sin_port);
    }
    fields.value[2] = static_cast<uint64_t>(error_number);
    return fields;
}

template <class T>
int error_of(const lib::result<T>& outcome) {
    return outcome.ok() ? 0 : outcome.error().number;
}

/// What a message call gives back, for traces: bytes or a negative errno.
uint64_t outcome_of(const lib::result<size_t>& outcome) {
    return outcome.ok() ? outcome.value() : static_cast<uint64_t>(-outcome.error().number);
}

} // namespace

lib::result<socket*> sock_create(stack& in, int family, int type, int protocol) {
    if (family < 0 || family >= AF_MAX) {
        return lib::error{EAFNOSUPPORT};
    }
    if (type < 0 || type >= SOCK_PACKET + 1) {
        return lib::error{EINVAL};
    }
    const net_proto_family* found = in.find_family(family);
    if (found == nullptr) {
        return lib::error{EAFNOSUPPORT};
    }
    socket* fresh = TRY(allocate_socket(in, family, type, protocol));
    if (lib::result<void> created = found->create(in, *fresh, protocol); !created.ok()) {
        free_socket(fresh);
        return created.error();
    }
    trace(in, trace_event::socket_create,
          {.sock = sock_id(*fresh),
           .value = {static_cast<uint64_t>(family), static_cast<uint64_t>(type),
                     static_cast<uint64_t>(protocol)}});
    return fresh;
}

void sock_release(socket* which) {
    trace(*which->owner_stack, trace_event::socket_release, {.sock = sock_id(*which)});
    if (which->ops != nullptr && which->ops->release != nullptr) {
        (void)which->ops->release(*which);
    }
    free_socket(which);
}

lib::result<void> sock_bind(socket& which, const socket_address& address) {
    if (which.ops->bind == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    const lib::result<void> outcome = which.ops->bind(which, address);
    trace(*which.owner_stack, trace_event::socket_bind, trace_address(which, address, error_of(outcome)));
    return outcome;
}

lib::result<void> sock_listen(socket& which, int backlog) {
    if (which.ops->listen == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    // Linux: a backlog of -1, as an unsigned number, means as many as the system allows.
    const int most = which.owner_stack->settings.somaxconn;
    if (backlog < 0 || backlog > most) {
        backlog = most;
    }
    const lib::result<void> outcome = which.ops->listen(which, backlog);
    trace(*which.owner_stack, trace_event::socket_listen,
          {.sock = sock_id(which),
           .value = {static_cast<uint64_t>(backlog), static_cast<uint64_t>(error_of(outcome))}});
    return outcome;
}

lib::result<void> sock_connect(socket& which, const socket_address& address) {
    if (which.ops->connect == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    const lib::result<void> outcome = which.ops->connect(which, address);
    trace(*which.owner_stack, trace_event::socket_connect, trace_address(which, address, error_of(outcome)));
    return outcome;
}

lib::result<socket*> sock_accept(socket& listener) {
    if (listener.ops->accept == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    socket* accepted =
        TRY(allocate_socket(*listener.owner_stack, listener.family, listener.type, listener.protocol));
    accepted->ops = listener.ops;
    const lib::result<void> outcome = listener.ops->accept(listener, *accepted);
    trace(
        *listener.owner_stack, trace_event::socket_accept,
        {.sock = sock_id(listener), .value = {sock_id(*accepted), static_cast<uint64_t>(error_of(outcome))}});
    if (!outcome.ok()) {
        free_socket(accepted);
        return outcome.error();
    }
    return accepted;
}

lib::result<void> sock_socketpair(socket& first, socket& second) {
    if (first.ops->socketpair == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    return first.ops->socketpair(first, second);
}

lib::result<void> sock_getname(socket& which, socket_address& address, proto_ops::which_name name) {
    if (which.ops->getname == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    return which.ops->getname(which, address, name);
}

lib::result<size_t> sock_sendmsg(socket& which, message& msg) {
    if (which.ops->sendmsg == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    const int flags = msg.flags;
    if (which.non_blocking) {
        msg.flags |= MSG_DONTWAIT;
    }
    const lib::result<size_t> outcome = which.ops->sendmsg(which, msg);
    trace(*which.owner_stack, trace_event::socket_sendmsg,
          {.sock = sock_id(which),
           .value = {outcome.ok() ? outcome.value() : 0, static_cast<uint64_t>(flags), outcome_of(outcome)}});
    const bool stream = which.type == SOCK_STREAM || which.type == SOCK_SEQPACKET;
    if (stream && !outcome.ok() && outcome.error().number == EPIPE && (flags & MSG_NOSIGNAL) == 0) {
        port::raise_sigpipe();
    }
    return outcome.ok() ? lib::result<size_t>(outcome.value()) : lib::result<size_t>(outcome.error());
}

lib::result<size_t> sock_recvmsg(socket& which, message& msg) {
    if (which.ops->recvmsg == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    const int flags = msg.flags;
    if (which.non_blocking) {
        msg.flags |= MSG_DONTWAIT;
    }
    const lib::result<size_t> outcome = which.ops->recvmsg(which, msg);
    trace(*which.owner_stack, trace_event::socket_recvmsg,
          {.sock = sock_id(which),
           .value = {outcome.ok() ? outcome.value() : 0, static_cast<uint64_t>(flags), outcome_of(outcome)}});
    return outcome.ok() ? lib::result<size_t>(outcome.value()) : lib::result<size_t>(outcome.error());
}

lib::result<void> sock_shutdown(socket& which, int how) {
    if (how < SHUT_RD || how > SHUT_RDWR) {
        return lib::error{EINVAL};
    }
    if (which.ops->shutdown == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    return which.ops->shutdown(which, how);
}

lib::result<long> sock_ioctl(socket& which, unsigned command, uintptr_t argument) {
    if (which.ops->ioctl == nullptr) {
        return lib::error{ENOTTY};
    }
    return which.ops->ioctl(which, command, argument);
}

short sock_poll(socket& which, port::poll_table* table) {
    return which.ops->poll != nullptr ? which.ops->poll(which, table) : short{0};
}

void sock_set_owner(socket& which, int owner) {
    const port::signal_target named = port::signal_target_of_caller(owner);
    port::guard held(which.sk->sock_lock);
    which.owner = named;
}

void control_buffer::append(int level, int type, const void* data, size_t length_bytes, int* message_flags) {
    if (bytes == nullptr || capacity - length < sizeof(cmsghdr)) {
        *message_flags |= MSG_CTRUNC;
        return;
    }
    size_t room = capacity - length - sizeof(cmsghdr);
    if (length_bytes > room) {
        *message_flags |= MSG_CTRUNC;
        length_bytes = room;
    }
    const cmsghdr header = {.cmsg_len = CMSG_LEN(length_bytes), .cmsg_level = level, .cmsg_type = type};
    __builtin_memcpy(bytes + length, &header, sizeof(header));
    __builtin_memcpy(bytes + length + sizeof(header), data, length_bytes);
    const size_t padded = CMSG_SPACE(length_bytes);
    const size_t used = padded < capacity - length ? padded : capacity - length;
    __builtin_memset(bytes + length + CMSG_LEN(length_bytes), 0, used - CMSG_LEN(length_bytes));
    length += used;
}

} // namespace net
