// The common half of datagram sockets. Bytes are copied from and to user memory without the sock lock; the
// lock is taken once per call, for the route, the accounting and the queues.

#include "net/ipv4/datagram.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/core/protocols.hpp"
#include "net/ipv4/multicast.hpp"
#include "net/ipv4/ports.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

/// One control message of a sendmsg: ip(7) names the three that send understands.
lib::result<void> apply_control(datagram_target& target, const cmsghdr& header, const uint8_t* data,
                                size_t length) {
    if (header.cmsg_level == SOL_SOCKET) {
        return {};
    }
    if (header.cmsg_level != IPPROTO_IP) {
        return lib::error{EINVAL};
    }
    if (header.cmsg_type == IP_PKTINFO && length == sizeof(in_pktinfo)) {
        in_pktinfo info = {};
        memcpy(&info, data, sizeof(info));
        target.device = static_cast<unsigned>(info.ipi_ifindex);
        target.source = lib::swap_bytes(info.ipi_spec_dst.s_addr);
        return {};
    }
    int number = 0;
    if (length == sizeof(number)) {
        memcpy(&number, data, sizeof(number));
    } else if (length == 1) {
        number = *data;
    } else {
        return lib::error{EINVAL};
    }
    if (header.cmsg_type == IP_TTL && number >= 1 && number <= 255) {
        target.ttl = number;
        return {};
    }
    if (header.cmsg_type == IP_TOS && number >= 0 && number <= 255) {
        target.tos = number;
        return {};
    }
    return lib::error{EINVAL};
}

/// Walks the control messages; lengths are checked before anything is looked at.
lib::result<void> read_control(datagram_target& target, const control_buffer& control) {
    size_t at = 0;
    while (control.bytes != nullptr && control.length - at >= sizeof(cmsghdr)) {
        cmsghdr header;
        memcpy(&header, control.bytes + at, sizeof(header));
        if (header.cmsg_len < sizeof(cmsghdr) || header.cmsg_len > control.length - at) {
            return lib::error{EINVAL};
        }
        TRY(apply_control(target, header, control.bytes + at + sizeof(cmsghdr),
                          header.cmsg_len - sizeof(cmsghdr)));
        const size_t step = CMSG_ALIGN(header.cmsg_len);
        if (step >= control.length - at) {
            break;
        }
        at += step;
    }
    return {};
}

} // namespace

// ---- sending ---------------------------------------------------------------------------------------------

lib::result<datagram_target> datagram_parse_target(const inet_sock& sk, const message& msg) {
    datagram_target target;
    if (msg.address != nullptr) {
        socket_address to = *msg.address;
        if (to.length >= sizeof(sockaddr_in) && to.any.sa_family == AF_UNSPEC) {
            to.any.sa_family = AF_INET; // of old programs; Linux takes it too
        }
        target.remote = TRY(parse_inet_address(to));
    } else if (sk.remote_address != 0) {
        target.remote = {.address = sk.remote_address, .port = sk.remote_port};
    } else {
        return lib::error{EDESTADDRREQ};
    }
    target.on_link = (msg.flags & MSG_DONTROUTE) != 0;
    TRY(read_control(target, msg.control));
    return target;
}

lib::result<route_entry*> datagram_route(inet_sock& sk, const datagram_target& target, route_entry& own) {
    route_entry* route = &own;
    if (target.source == 0 && target.device == 0 && !target.on_link) {
        route = TRY(inet_route(sk, target.remote.address));
    } else {
        own =
            TRY(route_output(*sk.owner_stack, {.destination = target.remote.address,
                                               .source = target.source != 0 ? target.source : inet_source(sk),
                                               .device = target.device != 0 ? target.device : sk.bound_device,
                                               .on_link = sk.dont_route || target.on_link}));
    }
    if (route->type == route_type::broadcast && !sk.broadcast) {
        return lib::error{EACCES};
    }
    return route;
}

ip_parameters datagram_parameters(const inet_sock& sk, const datagram_target& target,
                                  const route_entry& route, uint32_t length) {
    const bool group = route.type == route_type::multicast;
    const int16_t ttl = group ? sk.multicast_ttl : sk.ttl;
    // "Want" discovers the path MTU with what fits the first link and lets the rest be cut.
    const bool fits = length + sizeof(wire::ipv4_header) <= route.mtu;
    const bool dont_fragment =
        sk.mtu_discovery >= IP_PMTUDISC_DO || (sk.mtu_discovery == IP_PMTUDISC_WANT && fits && !group);
    return {.protocol = sk.protocol,
            .ttl = target.ttl >= 0 ? static_cast<int16_t>(target.ttl) : ttl,
            .tos = target.tos >= 0 ? static_cast<uint8_t>(target.tos) : sk.tos,
            .dont_fragment = dont_fragment,
            .loop_back = !group || sk.multicast_loop};
}

lib::result<skb_ptr> datagram_from_user(inet_sock& sk, message& msg, uint32_t extra_headroom) {
    {
        port::guard held(sk.sock_lock);
        TRY(sock_wait_send_space(sk, (msg.flags & MSG_DONTWAIT) == 0));
    }
    const auto length = static_cast<uint32_t>(msg.payload.remaining());
    // Room for the padding of a short Ethernet frame, so that it needs no second buffer.
    const uint32_t room = length < 64 ? 64 : length;
    skb_ptr skb = allocate_skb(*sk.owner_stack, max_header_bytes + extra_headroom, room);
    if (!skb) {
        return lib::error{ENOBUFS};
    }
    TRY(msg.payload.copy_from(skb->put(length), length));
    return skb;
}

// ---- receiving -------------------------------------------------------------------------------------------

lib::result<size_t> datagram_to_user(inet_sock& sk, const sk_buff& skb, message& msg) {
    const size_t length = skb.length();
    const size_t room = msg.payload.remaining();
    const size_t copied = length < room ? length : room;
    const int flags = msg.flags;
    TRY(msg.payload.copy_to(skb, 0, copied));
    msg.flags = copied < length ? MSG_TRUNC : 0;
    if (msg.address != nullptr) {
        fill_inet_address(*msg.address, {.address = skb.ip.source, .port = skb.ip.source_port});
    }
    ip_append_control(sk, skb, msg);
    return (flags & MSG_TRUNC) != 0 ? length : copied;
}

bool datagram_deliver(inet_sock& sk, skb_ptr skb) {
    port::guard held(sk.sock_lock);
    if (sk.user_socket == nullptr) { // shutdown() refuses no datagrams, as on Linux
        drop(std::move(skb), drop_reason::socket_closed);
        return false;
    }
    if (skb->ip.ttl < sk.minimum_ttl) {
        drop(std::move(skb), drop_reason::ip_ttl_exceeded);
        return false;
    }
    if (!sock_queue_receive(sk, skb).ok()) {
        sk.dropped++;
        drop(std::move(skb), drop_reason::socket_receive_full);
        return false;
    }
    return true;
}

void datagram_error(inet_sock& sk, const sk_buff& quoted, const icmp_error& what, uint16_t remote_port) {
    port::guard held(sk.sock_lock);
    if (sk.user_socket == nullptr) {
        return;
    }
    bool hard = what.hard;
    if (what.type == ICMP_DEST_UNREACH && what.code == ICMP_FRAG_NEEDED) {
        const auto& header = *reinterpret_cast<const wire::ipv4_header*>(quoted.data);
        route_update_mtu(*sk.owner_stack, header.destination, what.info);
        if (sk.mtu_discovery == IP_PMTUDISC_DONT) {
            return; // the next datagram is cut
        }
        hard = true;
    }
    // Without IP_RECVERR only a connected socket hears of it, and only what will not pass by itself.
    if (!sk.receive_error && (!hard || sk.remote_address == 0)) {
        return;
    }
    ip_queue_error(sk, quoted, what, remote_port);
    sock_report_error(sk, what.error_number);
}

// ---- entries of struct proto -----------------------------------------------------------------------------

void datagram_close(sock& base) {
    inet_sock& sk = inet(base);
    port::guard held(sk.sock_lock);
    sk.shutdown = both_shutdown;
    inet_release_resources(sk);
    sock_purge_queues(sk);
}

lib::result<void> datagram_disconnect(sock& base) {
    inet_sock& sk = inet(base);
    port::guard held(sk.sock_lock);
    sk.remote_address = 0;
    sk.remote_port = 0;
    sk.cached_route = {};
    if (!sk.address_bound) {
        sk.local_address = 0;
    }
    if (!sk.port_bound && sk.port_bucket != nullptr) {
        ports_release(sk);
        sk.local_port = 0;
    }
    if (sk.user_socket != nullptr) {
        sk.user_socket->state = socket_state::unconnected;
    }
    return {};
}

lib::result<void> datagram_connect(sock& base, const socket_address& address, bool) {
    inet_sock& sk = inet(base);
    const inet_endpoint remote = TRY(parse_inet_address(address));
    port::guard held(sk.sock_lock);
    route_entry own;
    const route_entry* route = TRY(datagram_route(sk, {.remote = remote}, own));
    if (sk.type == SOCK_DGRAM) {
        TRY(inet_autobind(sk));
    }
    if (sk.local_address == 0) {
        sk.local_address = route->source;
    }
    sk.remote_address = route->destination;
    sk.remote_port = remote.port;
    if (sk.user_socket != nullptr) {
        sk.user_socket->state = socket_state::connected;
    }
    return {};
}

lib::result<void> datagram_shutdown(sock& base, int how) {
    inet_sock& sk = inet(base);
    port::guard held(sk.sock_lock);
    sk.shutdown = static_cast<uint8_t>(sk.shutdown | (how + 1)); // also without a peer: it ends who waits
    sk.state_change(sk);
    return sk.remote_address == 0 ? lib::result<void>(lib::error{ENOTCONN}) : lib::result<void>();
}

short datagram_poll(sock& sk, port::poll_table* table) {
    if (table != nullptr) {
        sk.wait.add_poller(*table);
    }
    port::guard held(sk.sock_lock);
    int mask = 0;
    if (sk.pending_error != 0 || !sk.error_queue.empty()) {
        mask |= POLLERR;
    }
    if ((sk.shutdown & receive_shutdown) != 0) {
        mask |= POLLRDHUP | POLLIN | POLLRDNORM;
    }
    if (sk.shutdown == both_shutdown) {
        mask |= POLLHUP;
    }
    if (!sk.receive_queue.empty()) {
        mask |= POLLIN | POLLRDNORM;
    }
    if (sock_has_send_space(sk)) {
        mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
    }
    return static_cast<short>(mask);
}

lib::result<long> datagram_ioctl(sock& sk, unsigned command, uintptr_t argument) {
    int answer = 0;
    {
        port::guard held(sk.sock_lock);
        switch (command) {
        case SIOCINQ:
            answer = sk.receive_queue.empty() ? 0 : static_cast<int>(sk.receive_queue.front()->length());
            break;
        case SIOCOUTQ:
            answer = static_cast<int>(__atomic_load_n(&sk.send_memory, __ATOMIC_RELAXED));
            break;
        default:
            return lib::error{ENOTTY};
        }
    }
    TRY(port::copy_to_user(argument, &answer, sizeof(answer)));
    return 0;
}

lib::result<void> datagram_setsockopt(sock& sk, int level, int option, const void* value, uint32_t length) {
    if (level != IPPROTO_IP) {
        return lib::error{ENOPROTOOPT};
    }
    return ip_setsockopt(inet(sk), option, value, length);
}

lib::result<void> datagram_getsockopt(sock& sk, int level, int option, void* value, uint32_t* length) {
    if (level != IPPROTO_IP) {
        // A level of somebody else; setsockopt says ENOPROTOOPT to all.
        return lib::error{level == SOL_SOCKET || level == sk.protocol ? ENOPROTOOPT : EOPNOTSUPP};
    }
    return ip_getsockopt(inet(sk), option, value, length);
}

} // namespace net
