// AF_INET. A socket is made by walking inetsw[]: type and protocol choose the row, the row gives the user's
// calls (ops) and the transport (prot). The calls themselves do little: they find the sock and pass on to its
// protocol, which takes the sock lock.

#include "net/ipv4/af_inet.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "net/ipv4/arp.hpp"
#include "net/ipv4/devinet.hpp"
#include "net/ipv4/icmp.hpp"
#include "net/ipv4/inet_sock.hpp"
#include "net/ipv4/ip_fragment.hpp"
#include "net/ipv4/ip_input.hpp"
#include "net/ipv4/ports.hpp"
#include "net/ipv4/raw.hpp"
#include "net/ipv4/tcp.hpp"
#include "net/ipv4/udp.hpp"
#include "net/stack.hpp"

namespace net {
namespace {

constexpr inet_protosw inetsw[] = {
    {.type = SOCK_STREAM,
     .protocol = IPPROTO_TCP,
     .prot = &tcp_prot,
     .ops = &inet_stream_ops,
     .privileged = false},
    {.type = SOCK_DGRAM,
     .protocol = IPPROTO_UDP,
     .prot = &udp_prot,
     .ops = &inet_dgram_ops,
     .privileged = false},
    {.type = SOCK_DGRAM,
     .protocol = IPPROTO_ICMP,
     .prot = &ping_prot,
     .ops = &inet_dgram_ops,
     .privileged = false},
    {.type = SOCK_RAW,
     .protocol = IPPROTO_IP, // any
     .prot = &raw_prot,
     .ops = &inet_raw_ops,
     .privileged = true},
};

/// The row for a type and protocol: ESOCKTNOSUPPORT, EPROTONOSUPPORT.
lib::result<const inet_protosw*> find_row(int type, int protocol) {
    int error_number = ESOCKTNOSUPPORT;
    for (const inet_protosw& row : inetsw) {
        if (row.type != type) {
            continue;
        }
        const bool any = row.protocol == IPPROTO_IP;
        if (any ? protocol != IPPROTO_IP : protocol == row.protocol || protocol == IPPROTO_IP) {
            return &row;
        }
        error_number = EPROTONOSUPPORT;
    }
    return lib::error{error_number};
}

/// Joins a socket and its sock.
void graft(socket& which, sock& sk) {
    which.sk = &sk;
    port::guard held(sk.sock_lock);
    sk.user_socket = &which;
}

lib::result<void> inet_create(stack& in, socket& fresh, int protocol) {
    if (protocol < 0 || protocol >= IPPROTO_MAX) {
        return lib::error{EINVAL};
    }
    const inet_protosw* row = TRY(find_row(fresh.type, protocol));
    if (row->privileged && !port::may_administer()) {
        return lib::error{EPERM};
    }
    sock* sk = TRY(row->prot->create(in, row->protocol == IPPROTO_IP ? protocol : row->protocol));
    sk->owner_uid = port::current_credentials().uid;
    fresh.ops = row->ops;
    fresh.protocol = sk->protocol;
    graft(fresh, *sk);
    return {};
}

// ---- the user's calls ------------------------------------------------------------------------------------

lib::result<void> inet_release(socket& which) {
    sock* sk = which.sk;
    if (sk == nullptr) {
        return {};
    }
    which.sk = nullptr;
    {
        port::guard held(sk->sock_lock);
        sk->user_socket = nullptr;
    }
    sk->prot->close(*sk);
    lib::ref<sock>::adopt(sk).reset();
    return {};
}

lib::result<void> inet_bind_call(socket& which, const socket_address& address) {
    return which.sk->prot->bind(*which.sk, address);
}

lib::result<void> inet_connect(socket& which, const socket_address& address) {
    if (address.length < sizeof(sa_family_t)) {
        return lib::error{EINVAL};
    }
    if (address.any.sa_family == AF_UNSPEC) {
        return which.sk->prot->disconnect(*which.sk);
    }
    return which.sk->prot->connect(*which.sk, address, !which.non_blocking);
}

lib::result<void> inet_accept(socket& listener, socket& accepted) {
    if (listener.sk->prot->accept == nullptr) {
        return lib::error{EOPNOTSUPP};
    }
    lib::ref<sock> child = TRY(listener.sk->prot->accept(*listener.sk, !listener.non_blocking));
    accepted.state = socket_state::connected;
    graft(accepted, *child.leak());
    return {};
}

lib::result<void> inet_getname(socket& which, socket_address& address, proto_ops::which_name name) {
    inet_sock& sk = inet(*which.sk);
    port::guard held(sk.sock_lock);
    if (name != proto_ops::which_name::own) {
        const bool opening_or_gone =
            name == proto_ops::which_name::peer && sk.type == SOCK_STREAM &&
            tcp_in(as_tcp(sk), tcp_state_bit(tcp_state::closed) | tcp_state_bit(tcp_state::syn_sent));
        if (sk.remote_address == 0 || opening_or_gone) {
            return lib::error{ENOTCONN};
        }
        fill_inet_address(address, {.address = sk.remote_address, .port = sk.remote_port});
    } else {
        fill_inet_address(address, {.address = sk.local_address, .port = sk.local_port});
    }
    return {};
}

short inet_poll(socket& which, port::poll_table* table) {
    return which.sk->prot->poll(*which.sk, table);
}

lib::result<long> inet_ioctl(socket& which, unsigned command, uintptr_t argument) {
    if (is_interface_request(command)) {
        return interface_ioctl(*which.owner_stack, command, argument);
    }
    if (command == SIOCGSTAMP) {
        return report_last_stamp(*which.sk, argument);
    }
    return which.sk->prot->ioctl(*which.sk, command, argument);
}

lib::result<void> inet_listen(socket& which, int backlog) {
    return which.sk->prot->listen(*which.sk, backlog);
}

lib::result<void> inet_shutdown(socket& which, int how) {
    return which.sk->prot->shutdown(*which.sk, how);
}

lib::result<void> inet_setsockopt(socket& which, int level, int option, const void* value, uint32_t length) {
    return which.sk->prot->setsockopt(*which.sk, level, option, value, length);
}

lib::result<void> inet_getsockopt(socket& which, int level, int option, void* value, uint32_t* length) {
    return which.sk->prot->getsockopt(*which.sk, level, option, value, length);
}

lib::result<size_t> inet_sendmsg(socket& which, message& msg) {
    return which.sk->prot->sendmsg(*which.sk, msg);
}

lib::result<size_t> inet_recvmsg(socket& which, message& msg) {
    return which.sk->prot->recvmsg(*which.sk, msg);
}

} // namespace

constexpr proto_ops inet_stream_ops = {
    .family = AF_INET,
    .release = inet_release,
    .bind = inet_bind_call,
    .connect = inet_connect,
    .socketpair = nullptr,
    .accept = inet_accept,
    .getname = inet_getname,
    .poll = inet_poll,
    .ioctl = inet_ioctl,
    .listen = inet_listen,
    .shutdown = inet_shutdown,
    .setsockopt = inet_setsockopt,
    .getsockopt = inet_getsockopt,
    .sendmsg = inet_sendmsg,
    .recvmsg = inet_recvmsg,
};

constexpr proto_ops inet_dgram_ops = {
    .family = AF_INET,
    .release = inet_release,
    .bind = inet_bind_call,
    .connect = inet_connect,
    .socketpair = nullptr,
    .accept = nullptr,
    .getname = inet_getname,
    .poll = inet_poll,
    .ioctl = inet_ioctl,
    .listen = nullptr,
    .shutdown = inet_shutdown,
    .setsockopt = inet_setsockopt,
    .getsockopt = inet_getsockopt,
    .sendmsg = inet_sendmsg,
    .recvmsg = inet_recvmsg,
};

constexpr proto_ops inet_raw_ops = inet_dgram_ops;

constexpr net_proto_family inet_family = {.family = AF_INET, .create = inet_create};

// ---- the layers of AF_INET in a stack --------------------------------------------------------------------

lib::result<void> inet_init(stack& in) {
    in.routes = TRY(create_route_table());
    in.arp = TRY(create_arp_table(in));
    in.reassembly = TRY(create_reassembly_table(in));
    in.ports = TRY(create_inet_ports());
    in.icmp = TRY(create_icmp_state());
    in.raw = TRY(create_raw_table());
    in.tcp = TRY(create_tcp_table(in));
    arp_init(in);
    ip_init(in);
    icmp_init(in);
    udp_init(in);
    in.register_inet_protocol(tcp_protocol);
    in.device_ioctl = [](stack& of, unsigned command, uintptr_t argument) -> lib::result<long> {
        return is_interface_request(command) ? interface_ioctl(of, command, argument) : lib::error{ENOTTY};
    };
    return in.register_family(inet_family);
}

void inet_exit(stack& in) {
    // In the reverse order, and whatever a failed inet_init() left out is not there.
    if (in.tcp != nullptr) {
        destroy_tcp_table(in, in.tcp);
    }
    if (in.raw != nullptr) {
        destroy_raw_table(in.raw);
    }
    if (in.icmp != nullptr) {
        destroy_icmp_state(in.icmp);
    }
    if (in.reassembly != nullptr) {
        destroy_reassembly_table(in.reassembly);
    }
    if (in.arp != nullptr) {
        destroy_arp_table(in.arp);
    }
    if (in.ports != nullptr) {
        destroy_inet_ports(in.ports);
    }
    if (in.routes != nullptr) {
        destroy_route_table(in.routes);
    }
}

} // namespace net
