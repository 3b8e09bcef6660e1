// Ping sockets. What the user writes and reads starts with an ICMP echo header; the identifier in it is the
// socket's, whatever the user put there, so replies find their way without any privilege.

#include "net/ipv4/ping.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "net/core/drop.hpp"
#include "net/core/skb_checksum.hpp"
#include "net/ipv4/af_inet.hpp"
#include "net/ipv4/datagram.hpp"
#include "net/ipv4/icmp.hpp"
#include "net/ipv4/ports_table.hpp"
#include "net/stack.hpp"
#include "net/wire/checksum.hpp"
#include "net/wire/icmp.hpp"
#include "net/wire/ipv4.hpp"

#include <new>

namespace net {
namespace {

constexpr uint32_t largest_message = wire::ipv4_max_length - sizeof(wire::ipv4_header);

/// The sock with this identifier that takes packets between these addresses.
lib::ref<sock> find_sock(stack& in, uint16_t identifier, uint32_t local, uint32_t remote) {
    inet_port_table& table = (*in.ports)[port_space::ping];
    port::guard held(table.lock);
    for (inet_sock& sk : table.bucket_of(identifier).socks) {
        const bool fits = sk.local_port == identifier &&
                          (sk.local_address == 0 || sk.local_address == local) &&
                          (sk.remote_address == 0 || sk.remote_address == remote);
        if (fits && sk.get_unless_dying()) {
            return lib::ref<sock>::adopt(&sk);
        }
    }
    return nullptr;
}

lib::result<size_t> ping_sendmsg(sock& base, message& msg) {
    inet_sock& sk = inet(base);
    stack& in = *sk.owner_stack;
    const size_t length = msg.payload.remaining();
    if (length > largest_message) {
        return lib::error{EMSGSIZE};
    }
    if (length < wire::icmp_header_bytes) {
        return lib::error{EINVAL};
    }
    const datagram_target target = TRY(datagram_parse_target(sk, msg));
    skb_ptr skb = TRY(datagram_from_user(sk, msg, 0));
    auto& icmp = *reinterpret_cast<wire::icmp_header*>(skb->data);
    if (icmp.type != ICMP_ECHO || icmp.code != 0) {
        return lib::error{EINVAL};
    }
    port::guard held(sk.sock_lock);
    TRY(inet_autobind(sk));
    sock_charge_send(sk, *skb);
    route_entry own;
    route_entry* route = TRY(datagram_route(sk, target, own));
    icmp.identifier = uint16_t{sk.local_port};
    icmp.checksum = 0;
    icmp.checksum = lib::be16::from_raw(wire::checksum_finish(skb_checksum_add(0, *skb, 0, skb->length())));
    skb->transport_header = skb->data;
    icmp_count_out(in, ICMP_ECHO);
    trace(in, trace_event::icmp_transmit,
          {.sock = sk.id, .skb = skb->id, .value = {route->destination, ICMP_ECHO, 0, length}});
    const ip_parameters how = datagram_parameters(sk, target, *route, skb->length());
    TRY(ip_send(in, std::move(skb), *route, how));
    return length;
}

lib::result<size_t> ping_recvmsg(sock& base, message& msg) {
    inet_sock& sk = inet(base);
    if ((msg.flags & MSG_ERRQUEUE) != 0) {
        return ip_receive_error(sk, msg);
    }
    const skb_ptr skb = TRY(sock_receive_datagram(sk, msg));
    if (!skb) {
        return size_t{0};
    }
    return datagram_to_user(sk, *skb, msg);
}

lib::result<sock*> ping_create(stack& in, int protocol) {
    return create_inet_sock<inet_sock>(in, ping_prot, SOCK_DGRAM, protocol);
}

} // namespace

void ping_receive(stack& in, skb_ptr skb) {
    const auto& icmp = *reinterpret_cast<const wire::icmp_header*>(skb->data);
    const lib::ref<sock> receiver = find_sock(in, icmp.identifier, skb->ip.destination, skb->ip.source);
    if (!receiver) {
        drop(std::move(skb), drop_reason::icmp_ignored);
        return;
    }
    datagram_deliver(inet(*receiver), std::move(skb));
}

void ping_error(stack& in, const sk_buff& quoted, const icmp_error& what) {
    const auto& ip = *reinterpret_cast<const wire::ipv4_header*>(quoted.network_header);
    const auto& icmp = *reinterpret_cast<const wire::icmp_header*>(quoted.transport_header);
    if (icmp.type != ICMP_ECHO) {
        return;
    }
    const lib::ref<sock> sender = find_sock(in, icmp.identifier, ip.source, ip.destination);
    if (sender) {
        datagram_error(inet(*sender), quoted, what, 0);
    }
}

constexpr proto ping_prot = {
    .name = "PING",
    .create = ping_create,
    .destroy = destroy_inet_sock<inet_sock>,
    .close = datagram_close,
    .bind = inet_bind,
    .connect = datagram_connect,
    .disconnect = datagram_disconnect,
    .listen = nullptr,
    .accept = nullptr,
    .shutdown = datagram_shutdown,
    .poll = datagram_poll,
    .ioctl = datagram_ioctl,
    .setsockopt = datagram_setsockopt,
    .getsockopt = datagram_getsockopt,
    .sendmsg = ping_sendmsg,
    .recvmsg = ping_recvmsg,
};

} // namespace net
