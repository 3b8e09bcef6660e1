// UDP. A datagram for one address goes to the one socket that matches it best (a connected one before a
// bound one before one bound to any address); a broadcast or multicast goes to every socket that matches.

#include "net/ipv4/udp.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/lib/siphash.hpp"
#include "net/core/drop.hpp"
#include "net/core/protocols.hpp"
#include "net/core/skb_checksum.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/af_inet.hpp"
#include "net/ipv4/datagram.hpp"
#include "net/ipv4/icmp.hpp"
#include "net/ipv4/ports_table.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"
#include "net/wire/udp.hpp"

#include <new>

namespace net {
namespace {

constexpr uint32_t largest_payload =
    wire::ipv4_max_length - sizeof(wire::ipv4_header) - wire::udp_header_bytes;

// ---- lookup ----------------------------------------------------------------------------------------------

/// The ends of a datagram as this host sees them.
struct udp_tuple {
    inet_endpoint local;
    inet_endpoint remote;
    unsigned device;
};

/// How well a sock matches, -1 for not at all: more fixed ends beat fewer.
int score(const inet_sock& sk, const udp_tuple& tuple) {
    if (sk.local_port != tuple.local.port) {
        return -1;
    }
    int points = 0;
    if (sk.local_address != 0) {
        if (sk.local_address != tuple.local.address) {
            return -1;
        }
        points += 4;
    }
    if (sk.remote_address != 0) {
        if (sk.remote_address != tuple.remote.address || sk.remote_port != tuple.remote.port) {
            return -1;
        }
        points += 8;
    }
    if (sk.bound_device != 0) {
        if (sk.bound_device != tuple.device) {
            return -1;
        }
        points += 2;
    }
    return points;
}

/// Socks that share a port by SO_REUSEPORT share the peers: each peer always meets the same one.
uint32_t choice_of(const inet_ports& ports, const udp_tuple& tuple) {
    const uint32_t key[] = {tuple.remote.address, tuple.remote.port, tuple.local.address, tuple.local.port};
    return static_cast<uint32_t>(lib::siphash(ports.hash_key, key, sizeof(key)));
}

lib::ref<sock> find_sock(stack& in, const udp_tuple& tuple) {
    inet_port_table& table = (*in.ports)[port_space::udp];
    port::guard held(table.lock);
    inet_sock* best = nullptr;
    int best_score = -1;
    uint32_t equals = 0;
    for (inet_sock& sk : table.bucket_of(tuple.local.port).socks) {
        const int points = score(sk, tuple);
        if (points < 0 || points < best_score) {
            continue;
        }
        if (points > best_score) {
            best = &sk;
            best_score = points;
            equals = 1;
        } else if (sk.reuse_port && choice_of(*in.ports, tuple) % ++equals == 0) {
            best = &sk;
        }
    }
    if (best == nullptr || !best->get_unless_dying()) {
        return nullptr;
    }
    return lib::ref<sock>::adopt(best);
}

// ---- receiving -------------------------------------------------------------------------------------------

void deliver(stack& in, inet_sock& sk, skb_ptr skb) {
    trace(in, trace_event::udp_receive,
          {.sock = sk.id, .skb = skb->id, .value = {skb->ip.source, skb->ip.source_port, skb->length()}});
    if (datagram_deliver(sk, std::move(skb))) {
        count(in, mib::udp_in_datagrams);
    } else {
        count(in, mib::udp_in_errors);
        count(in, mib::udp_receive_buffer_errors);
    }
}

/// Gives a copy to every sock that matches and, for groups, has joined.
void deliver_to_all(stack& in, skb_ptr skb, const udp_tuple& tuple) {
    inet_port_table& table = (*in.ports)[port_space::udp];
    const bool group = wire::ipv4_is_multicast(tuple.local.address);
    const auto wants = [&](const inet_sock& sk) {
        return score(sk, tuple) >= 0 && (!group || inet_wants_group(sk, tuple.local.address, tuple.device));
    };
    const auto give = [&](inet_sock& sk) {
        if (skb_ptr copy = share_payload(*skb, 0)) {
            deliver(in, sk, std::move(copy));
        } else {
            count_drop(in, drop_reason::no_memory);
        }
    };
    if (give_to_each(table, table.bucket_of(tuple.local.port).socks, wants, give) == 0) {
        count(in, mib::udp_ignored_multicast);
        drop(std::move(skb), drop_reason::udp_no_socket);
    }
}

void reject(stack& in, skb_ptr skb, drop_reason reason) {
    count(in, mib::udp_in_errors);
    drop(std::move(skb), reason);
}

/// Checks length and checksum (RFC 768). False: the packet is gone.
bool header_is_good(stack& in, skb_ptr& skb) {
    if (!skb->pull_linear(wire::udp_header_bytes).ok()) {
        reject(in, std::move(skb), drop_reason::udp_too_short);
        return false;
    }
    const auto& header = *reinterpret_cast<const wire::udp_header*>(skb->data);
    const uint32_t length = header.length;
    if (length < wire::udp_header_bytes || length > skb->length()) {
        reject(in, std::move(skb), drop_reason::udp_bad_length);
        return false;
    }
    if (length < skb->length()) {
        skb->trim(length);
        skb->checksum = checksum_state::none; // a card may have summed what is cut off, too
    }
    if (header.checksum != 0 &&
        !inet_verify_checksum(*skb, skb->ip.source, skb->ip.destination, IPPROTO_UDP)) {
        count(in, mib::udp_in_checksum_errors);
        reject(in, std::move(skb), drop_reason::udp_bad_checksum);
        return false;
    }
    return true;
}

void udp_rcv(stack& in, skb_ptr skb) {
    if (!header_is_good(in, skb)) {
        return;
    }
    const auto& header = *reinterpret_cast<const wire::udp_header*>(skb->data);
    const udp_tuple tuple = {
        .local = {.address = skb->ip.destination, .port = header.destination_port},
        .remote = {.address = skb->ip.source, .port = header.source_port},
        .device = skb->device->index,
    };
    skb->ip.source_port = tuple.remote.port;
    skb->ip.destination_port = tuple.local.port;
    if (skb->packet_type != sk_buff::addressed_to::host) {
        skb->pull(wire::udp_header_bytes);
        deliver_to_all(in, std::move(skb), tuple);
        return;
    }
    const lib::ref<sock> receiver = find_sock(in, tuple);
    if (!receiver) {
        count(in, mib::udp_no_ports);
        skb->data = skb->network_header;
        icmp_send(in, *skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
        drop(std::move(skb), drop_reason::udp_no_socket);
        return;
    }
    skb->pull(wire::udp_header_bytes);
    deliver(in, inet(*receiver), std::move(skb));
}

void udp_error(stack& in, const sk_buff& quoted, const icmp_error& what) {
    const auto& ip = *reinterpret_cast<const wire::ipv4_header*>(quoted.network_header);
    const auto& header = *reinterpret_cast<const wire::udp_header*>(quoted.transport_header);
    const udp_tuple tuple = {
        .local = {.address = ip.source, .port = header.source_port},
        .remote = {.address = ip.destination, .port = header.destination_port},
        .device = quoted.device->index,
    };
    const lib::ref<sock> sender = find_sock(in, tuple);
    if (sender) {
        datagram_error(inet(*sender), quoted, what, tuple.remote.port);
    }
}

// ---- sending ---------------------------------------------------------------------------------------------

/// Puts the UDP header on. data is at the payload.
void put_header(sk_buff& skb, const inet_sock& sk, const route_entry& route, uint16_t remote_port) {
    auto& header = *reinterpret_cast<wire::udp_header*>(skb.push(wire::udp_header_bytes));
    header.source_port = uint16_t{sk.local_port};
    header.destination_port = remote_port;
    header.length = static_cast<uint16_t>(skb.length());
    header.checksum = 0;
    skb.transport_header = skb.data;
    if (!sk.no_check) {
        inet_prepare_checksum(skb, route.source, route.destination, IPPROTO_UDP, wire::udp_checksum_offset);
    }
}

lib::result<size_t> udp_sendmsg(sock& base, message& msg) {
    inet_sock& sk = inet(base);
    stack& in = *sk.owner_stack;
    if (msg.payload.remaining() > largest_payload) {
        return lib::error{EMSGSIZE};
    }
    if ((msg.flags & MSG_OOB) != 0) {
        return lib::error{EOPNOTSUPP};
    }
    if (sk.local_port == 0) { // also when the datagram is then refused, as on Linux
        port::guard held(sk.sock_lock);
        TRY(inet_autobind(sk));
    }
    const datagram_target target = TRY(datagram_parse_target(sk, msg));
    if (target.remote.port == 0) {
        return lib::error{EINVAL};
    }
    const size_t length = msg.payload.remaining();
    skb_ptr skb = TRY(datagram_from_user(sk, msg, 0));
    port::guard held(sk.sock_lock);
    sock_charge_send(sk, *skb);
    route_entry own;
    route_entry* route = TRY(datagram_route(sk, target, own));
    put_header(*skb, sk, *route, target.remote.port);
    trace(in, trace_event::udp_transmit,
          {.sock = sk.id, .skb = skb->id, .value = {route->destination, target.remote.port, length}});
    const ip_parameters how = datagram_parameters(sk, target, *route, skb->length());
    TRY(ip_send(in, std::move(skb), *route, how));
    count(in, mib::udp_out_datagrams);
    return length;
}

lib::result<size_t> udp_recvmsg(sock& base, message& msg) {
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

lib::result<sock*> udp_create(stack& in, int protocol) {
    return create_inet_sock<inet_sock>(in, udp_prot, SOCK_DGRAM, protocol);
}

constexpr inet_protocol udp_protocol = {.protocol = IPPROTO_UDP, .receive = udp_rcv, .error = udp_error};

} // namespace

constexpr proto udp_prot = {
    .name = "UDP",
    .create = udp_create,
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
    .sendmsg = udp_sendmsg,
    .recvmsg = udp_recvmsg,
};

void udp_init(stack& in) {
    in.register_inet_protocol(udp_protocol);
}

} // namespace net
