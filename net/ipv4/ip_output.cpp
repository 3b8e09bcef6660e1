// IPv4 on the way down.
//
//   ip_queue_xmit (TCP)   ip_send (datagrams, replies)   ip_send_raw (IP_HDRINCL)
//            └───────────────┬───────┘                        │
//                        ip_output  <─────────────────────────┘
//                            │  too big: ip_fragment_output
//                     ip_finish_output → neighbour_output
//
// The identification field only matters to fragments (RFC 6864): packets with DF carry 0. Others get numbers
// from a counter chosen by a keyed hash of the two addresses and the protocol, which moves on by a random
// step, so that they neither repeat soon nor tell how much we send to others (RFC 7739).

#include "net/ipv4/ip_output.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/packet.h"
#include "kernel/lib/string.hpp"
#include "net/core/dev.hpp"
#include "net/core/drop.hpp"
#include "net/core/loopback.hpp"
#include "net/core/skb_checksum.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/arp.hpp"
#include "net/ipv4/ip_fragment.hpp"
#include "net/stack.hpp"
#include "net/wire/checksum.hpp"
#include "net/wire/ethernet.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

/// Makes room for this header and the Ethernet header in front of the packet.
lib::result<void> ensure_headroom(sk_buff& skb) {
    if (skb.headroom() >= sizeof(wire::ipv4_header) + wire::ethernet_header_bytes) {
        return {};
    }
    return skb.move_linear(max_header_bytes, skb.linear_length());
}

void set_header_checksum(wire::ipv4_header& header) {
    header.checksum = 0;
    header.checksum =
        lib::be16::from_raw(wire::checksum_finish(wire::checksum_add(0, &header, header.header_length())));
}

void put_header(sk_buff& skb, const route_entry& route, const ip_parameters& how) {
    auto& header = *reinterpret_cast<wire::ipv4_header*>(skb.push(sizeof(wire::ipv4_header)));
    header.version_and_length = 0x45;
    header.tos = how.tos;
    header.total_length = static_cast<uint16_t>(skb.length());
    header.flags_and_offset = how.dont_fragment ? wire::ipv4_dont_fragment : uint16_t{0};
    header.identification = how.dont_fragment ? uint16_t{0}
                                              : ip_next_identification(*skb.owner_stack, route.source,
                                                                       route.destination, how.protocol);
    const int ttl = how.ttl >= 0 ? int{how.ttl} : int{skb.owner_stack->settings.ip_default_ttl};
    header.ttl = static_cast<uint8_t>(ttl);
    header.protocol = how.protocol;
    header.source = route.source;
    header.destination = route.destination;
    set_header_checksum(header);
    skb.network_header = skb.data;
}

/// The last step: link layer.
void ip_finish_output(skb_ptr skb, route_entry& route) {
    stack& in = *skb->owner_stack;
    skb->device = route.device;
    skb->protocol = ETH_P_IP;
    count(in, mib::ipext_out_octets, skb->length());
    neighbour_output(std::move(skb), route);
}

/// Broadcasts and multicasts are heard by our own sockets too, as if they had come in by the device.
void loop_back_copy(const sk_buff& skb, net_device& device) {
    skb_ptr copy = clone_skb(skb, max_header_bytes);
    if (!copy) {
        count_drop(*skb.owner_stack, drop_reason::no_memory);
        return;
    }
    copy->device = &device;
    copy->protocol = ETH_P_IP;
    net::loop_back(std::move(copy));
}

void count_kind(stack& in, const sk_buff& skb, route_type type) {
    if (type == route_type::multicast) {
        count(in, mib::ipext_out_multicast);
        count(in, mib::ipext_out_multicast_octets, skb.length());
    } else if (type == route_type::broadcast) {
        count(in, mib::ipext_out_broadcast);
        count(in, mib::ipext_out_broadcast_octets, skb.length());
    }
}

/// Sends a packet that has its header.
lib::result<void> ip_output(skb_ptr skb, route_entry& route, bool loop_back) {
    stack& in = *skb->owner_stack;
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(skb->data);
    count(in, mib::ip_out_requests);
    trace(in, trace_event::ip_output,
          {.skb = skb->id, .value = {route.source, route.destination, header.protocol, skb->length()}});
    const bool to_many = route.type == route_type::multicast || route.type == route_type::broadcast;
    if (to_many) {
        count_kind(in, *skb, route.type);
        if (loop_back && (route.device->flags & IFF_LOOPBACK) == 0) {
            loop_back_copy(*skb, *route.device);
        }
        if (header.ttl == 0) {
            return {}; // a group of this host only
        }
    }
    if (skb->length() <= route.mtu || skb->gso_size != 0) {
        ip_finish_output(std::move(skb), route);
        return {};
    }
    if (header.dont_fragment()) {
        count(in, mib::ip_fragmented_failures);
        drop(std::move(skb), drop_reason::ip_too_big);
        return lib::error{EMSGSIZE};
    }
    skb_queue fragments;
    TRY(ip_fragment_output(std::move(skb), route.mtu, fragments));
    transmit_batch batch(route.device);
    while (skb_ptr fragment = fragments.pop_front()) {
        ip_finish_output(std::move(fragment), route);
    }
    return {};
}

} // namespace

lib::result<void> ip_send(stack& in, skb_ptr skb, route_entry& route, const ip_parameters& how) {
    if (skb->length() > wire::ipv4_max_length - sizeof(wire::ipv4_header)) {
        drop(std::move(skb), drop_reason::ip_too_big);
        return lib::error{EMSGSIZE};
    }
    if (!ensure_headroom(*skb).ok()) {
        count(in, mib::ip_out_discards);
        drop(std::move(skb), drop_reason::no_memory);
        return lib::error{ENOBUFS};
    }
    put_header(*skb, route, how);
    return ip_output(std::move(skb), route, how.loop_back);
}

lib::result<void> ip_queue_xmit(inet_sock& sk, skb_ptr skb, uint8_t ecn) {
    stack& in = *sk.owner_stack;
    lib::result<route_entry*> found = inet_route(sk, sk.remote_address);
    if (!found.ok()) {
        count(in, mib::ip_out_no_routes);
        drop(std::move(skb), drop_reason::ip_no_route);
        return found.error();
    }
    const ip_parameters how = {.protocol = sk.protocol,
                               .ttl = sk.ttl,
                               .tos = static_cast<uint8_t>(sk.tos | ecn),
                               .dont_fragment = sk.mtu_discovery != IP_PMTUDISC_DONT};
    return ip_send(in, std::move(skb), *found.value(), how);
}

lib::result<void> ip_send_to(stack& in, skb_ptr skb, uint32_t source, uint32_t destination,
                             const ip_parameters& how) {
    lib::result<route_entry> route = route_output(in, {.destination = destination, .source = source});
    if (!route.ok()) {
        count(in, mib::ip_out_no_routes);
        drop(std::move(skb), drop_reason::ip_no_route);
        return route.error();
    }
    return ip_send(in, std::move(skb), route.value(), how);
}

lib::result<void> ip_send_raw(stack& in, skb_ptr skb, route_entry& route) {
    auto& header = *reinterpret_cast<wire::ipv4_header*>(skb->data);
    if (skb->length() > route.mtu) {
        drop(std::move(skb), drop_reason::ip_too_big);
        return lib::error{EMSGSIZE};
    }
    // raw(7): these three are filled in, the rest is as the user wants it.
    if (header.source == 0) {
        header.source = route.source;
    }
    header.total_length = static_cast<uint16_t>(skb->length());
    if (header.identification == 0) {
        header.identification =
            ip_next_identification(in, header.source, header.destination, header.protocol);
    }
    set_header_checksum(header);
    skb->network_header = skb->data;
    return ip_output(std::move(skb), route, true);
}

void inet_prepare_checksum(sk_buff& skb, uint32_t source, uint32_t destination, uint8_t protocol,
                           uint16_t field_offset) {
    const uint16_t pseudo =
        wire::checksum_fold(wire::pseudo_header_sum(source, destination, protocol, skb.length()));
    memcpy(skb.data + field_offset, &pseudo, sizeof(pseudo));
    skb_set_partial_checksum(skb, field_offset);
}

bool inet_verify_checksum(sk_buff& skb, uint32_t source, uint32_t destination, uint8_t protocol) {
    if (skb.checksum == checksum_state::unnecessary) {
        return true;
    }
    const uint64_t start = wire::pseudo_header_sum(source, destination, protocol, skb.length());
    if (!wire::checksum_good(skb_checksum_add(start, skb, 0, skb.length()))) {
        return false;
    }
    skb.checksum = checksum_state::unnecessary;
    return true;
}

void inet_confirm_neighbour(inet_sock& sk) {
    if (neighbour* known = sk.cached_route.neighbour_entry.get(); known != nullptr) {
        neighbour_confirm(*known);
    }
}

} // namespace net
