// IPv4 on the way up: ip_rcv checks the header, ip_local_deliver puts fragments together, raw sockets get
// their copies, and the protocol's handler gets the packet.
//
// This host does not forward: what is not for it is dropped. From the wire, our own addresses as source,
// loopback addresses, and everything that nobody may send from are martians (RFC 1122 3.2.1.3, RFC 1812
// 5.3.7) and dropped without an answer.

#include "net/ipv4/ip_input.hpp"

#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "kernel/abi/packet.h"
#include "net/core/drop.hpp"
#include "net/core/protocols.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/icmp.hpp"
#include "net/ipv4/ip_fragment.hpp"
#include "net/ipv4/raw.hpp"
#include "net/ipv4/route.hpp"
#include "net/stack.hpp"
#include "net/wire/checksum.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

void reject(stack& in, skb_ptr skb, mib counter, drop_reason reason) {
    count(in, counter);
    drop(std::move(skb), reason);
}

/// RFC 1122 3.2.1.1 and 3.2.1.2: length, version and checksum. A TTL of zero "must be destroyed" (RFC
/// 791 3.1), although RFC 1122 3.2.1.7 lets a host take it, as Linux does: only who forges packets sends it.
/// Makes the whole header linear and cuts off what the link layer padded. False: the packet is gone.
bool header_is_good(stack& in, skb_ptr& skb) {
    if (!skb->pull_linear(sizeof(wire::ipv4_header)).ok()) {
        count(in, mib::ipext_in_truncated);
        reject(in, std::move(skb), mib::ip_in_header_errors, drop_reason::ip_too_short);
        return false;
    }
    const auto* header = reinterpret_cast<const wire::ipv4_header*>(skb->data);
    const uint32_t header_bytes = header->header_length();
    const uint32_t total = header->total_length;
    if (header->version() != 4 || header_bytes < sizeof(wire::ipv4_header) || total < header_bytes ||
        header->ttl == 0 || (header->flags_and_offset & wire::ipv4_reserved_flag) != 0) {
        reject(in, std::move(skb), mib::ip_in_header_errors, drop_reason::ip_bad_header);
        return false;
    }
    if (total > skb->length()) {
        count(in, mib::ipext_in_truncated);
        reject(in, std::move(skb), mib::ip_in_header_errors, drop_reason::ip_too_short);
        return false;
    }
    if (!skb->pull_linear(header_bytes).ok()) {
        reject(in, std::move(skb), mib::ip_in_discards, drop_reason::no_memory);
        return false;
    }
    if (!wire::checksum_good(wire::checksum_add(0, skb->data, header_bytes))) {
        count(in, mib::ipext_in_checksum_errors);
        reject(in, std::move(skb), mib::ip_in_header_errors, drop_reason::ip_bad_checksum);
        return false;
    }
    if (total < skb->length()) {
        skb->trim(total);
    }
    return true;
}

bool options_are_good(stack& in, skb_ptr& skb, const wire::ipv4_header& header) {
    const uint32_t option_bytes = header.header_length() - sizeof(wire::ipv4_header);
    const wire::ipv4_options_report report =
        wire::ipv4_check_options(skb->data + sizeof(wire::ipv4_header), option_bytes);
    if (!report.well_formed) {
        icmp_send(in, *skb, ICMP_PARAMETERPROB, 0, report.bad_offset);
        reject(in, std::move(skb), mib::ip_in_header_errors, drop_reason::ip_bad_options);
        return false;
    }
    if (report.source_route) {
        reject(in, std::move(skb), mib::ip_in_header_errors, drop_reason::ip_source_route);
        return false;
    }
    return true;
}

void count_kind(stack& in, route_type type, uint32_t bytes) {
    if (type == route_type::multicast) {
        count(in, mib::ipext_in_multicast);
        count(in, mib::ipext_in_multicast_octets, bytes);
    } else if (type == route_type::broadcast) {
        count(in, mib::ipext_in_broadcast);
        count(in, mib::ipext_in_broadcast_octets, bytes);
    }
}

/// Whether the addresses permit to look at the packet further. False: it is gone.
bool addresses_are_good(stack& in, skb_ptr& skb, uint32_t source, uint32_t destination) {
    const net_device& device = *skb->device;
    const packet_addresses found = classify_packet(in, source, destination, &device);
    const bool looped = skb->packet_type == sk_buff::addressed_to::looped;
    const bool from_wire = !looped && (device.flags & IFF_LOOPBACK) == 0;
    // A host that has no address yet sends from 0.0.0.0 to everybody (RFC 2131 §4.1).
    const bool unconfigured = source == 0 && destination == wire::ipv4_limited_broadcast;
    const bool bad_source = from_wire ? found.bad_source && !unconfigured
                                      : wire::ipv4_is_multicast(source) || wire::ipv4_is_reserved(source);
    if (bad_source) {
        reject(in, std::move(skb), mib::ip_in_address_errors, drop_reason::ip_martian_source);
        return false;
    }
    if (from_wire && (wire::ipv4_is_loopback(destination) || wire::ipv4_is_this_network(destination))) {
        reject(in, std::move(skb), mib::ip_in_address_errors, drop_reason::ip_martian_destination);
        return false;
    }
    if (found.destination == route_type::unicast) {
        reject(in, std::move(skb), mib::ip_in_address_errors, drop_reason::ip_not_ours);
        return false;
    }
    // A unicast address in a broadcast frame is an attack or a mistake (RFC 1122 3.3.6).
    const bool link_to_many = skb->packet_type != sk_buff::addressed_to::host;
    if (link_to_many && found.destination == route_type::local) {
        reject(in, std::move(skb), mib::ip_in_discards, drop_reason::ip_martian_destination);
        return false;
    }
    if (found.destination == route_type::broadcast) {
        skb->packet_type = sk_buff::addressed_to::broadcast;
    } else if (found.destination == route_type::multicast) {
        skb->packet_type = sk_buff::addressed_to::multicast;
    }
    count_kind(in, found.destination, skb->length());
    return true;
}

/// By the two bits of explicit congestion notification (RFC 3168 §5).
void count_mark(stack& in, uint8_t tos) {
    static constexpr mib marks[] = {mib::ipext_in_no_ect, mib::ipext_in_ect_1, mib::ipext_in_ect_0,
                                    mib::ipext_in_ce};
    count(in, marks[tos & 3]);
}

/// The packet is whole and for this host.
void ip_local_deliver(stack& in, skb_ptr skb) {
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(skb->data);
    const uint8_t protocol = header.protocol;
    skb->network_header = skb->data;
    skb->ip = {.source = header.source,
               .destination = header.destination,
               .source_port = 0,
               .destination_port = 0,
               .ttl = header.ttl,
               .tos = header.tos,
               .device_index = static_cast<uint16_t>(skb->device->index),
               .error = {}};
    const bool raw_took_it = raw_deliver(in, *skb);
    const inet_protocol* handler = in.find_inet_protocol(protocol);
    if (handler == nullptr) {
        if (raw_took_it) {
            count(in, mib::ip_in_delivers);
            return;
        }
        icmp_send(in, *skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
        reject(in, std::move(skb), mib::ip_in_unknown_protocols, drop_reason::ip_unknown_protocol);
        return;
    }
    count(in, mib::ip_in_delivers);
    skb->transport_header = skb->pull(header.header_length());
    handler->receive(in, std::move(skb));
}

void ip_rcv(stack& in, skb_ptr skb) {
    count(in, mib::ip_in_receives);
    count(in, mib::ipext_in_octets, skb->length());
    if (!header_is_good(in, skb)) {
        return;
    }
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(skb->data);
    count_mark(in, header.tos);
    trace(in, trace_event::ip_receive,
          {.skb = skb->id, .value = {header.source, header.destination, header.protocol, skb->length()}});
    if (!addresses_are_good(in, skb, header.source, header.destination)) {
        return;
    }
    if (header.header_length() > sizeof(wire::ipv4_header) && !options_are_good(in, skb, header)) {
        return;
    }
    if (header.is_fragment()) {
        skb = ip_reassemble(in, std::move(skb));
        if (!skb) {
            return;
        }
    }
    ip_local_deliver(in, std::move(skb));
}

constexpr packet_handler ip_handler = {.ethertype = ETH_P_IP, .receive = ip_rcv};

} // namespace

void ip_init(stack& in) {
    in.register_packet_handler(ip_handler);
}

} // namespace net
