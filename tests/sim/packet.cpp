// See packet.hpp.

#include "sim/packet.hpp"

#include "kernel/abi/inet.h"
#include "kernel/abi/packet.h"
#include "net/wire/checksum.hpp"

#include <cstring>

namespace sim {
namespace {

template <class Header>
frame header_bytes(const Header& header) {
    const auto* at = reinterpret_cast<const uint8_t*>(&header);
    return {at, at + sizeof(header)};
}

constexpr net::port::time_ns moment = net::port::millisecond;

} // namespace

frame bytes_of(const std::string& text) {
    return {text.begin(), text.end()};
}

frame join(frame left, const frame& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

frame make_ethernet(const uint8_t* to, const uint8_t* from, uint16_t type, const frame& payload) {
    net::wire::ethernet_header header = {};
    std::memcpy(header.destination, to, 6);
    std::memcpy(header.source, from, 6);
    header.type = type;
    return join(header_bytes(header), payload);
}

frame make_ip(const ip_fields& fields, const frame& payload) {
    net::wire::ipv4_header header = {};
    const size_t header_length = sizeof(header) + fields.options.size();
    header.version_and_length = static_cast<uint8_t>(0x40 | header_length / 4);
    header.tos = fields.tos;
    header.total_length = static_cast<uint16_t>(header_length + payload.size());
    header.identification = fields.identification;
    header.flags_and_offset = fields.flags_and_offset;
    header.ttl = fields.ttl;
    header.protocol = fields.protocol;
    header.source = fields.source;
    header.destination = fields.destination;
    frame packet = join(join(header_bytes(header), bytes_of(fields.options)), payload);
    fix_ip_checksum(packet);
    return packet;
}

void fix_ip_checksum(frame& packet) {
    auto& header = *reinterpret_cast<net::wire::ipv4_header*>(packet.data());
    const size_t length = std::min<size_t>(header.header_length(), packet.size());
    header.checksum = 0;
    header.checksum =
        lib::be16::from_raw(net::wire::checksum_finish(net::wire::checksum_add(0, packet.data(), length)));
}

frame make_udp(const ip_fields& ip, uint16_t from, uint16_t to, const std::string& data) {
    net::wire::udp_header header = {};
    header.source_port = from;
    header.destination_port = to;
    header.length = static_cast<uint16_t>(sizeof(header) + data.size());
    frame segment = join(header_bytes(header), bytes_of(data));
    const uint64_t sum = net::wire::pseudo_header_sum(ip.source, ip.destination, IPPROTO_UDP,
                                                      static_cast<uint32_t>(segment.size()));
    const uint16_t checksum =
        net::wire::checksum_finish(net::wire::checksum_add(sum, segment.data(), segment.size()));
    std::memcpy(segment.data() + net::wire::udp_checksum_offset, &checksum, 2);
    ip_fields fields = ip;
    fields.protocol = IPPROTO_UDP;
    return make_ip(fields, segment);
}

frame make_icmp(uint8_t type, uint8_t code, uint16_t first, uint16_t second, const frame& data) {
    net::wire::icmp_header header = {};
    header.type = type;
    header.code = code;
    header.identifier = first;
    header.sequence = second;
    frame message = join(header_bytes(header), data);
    const uint16_t checksum =
        net::wire::checksum_finish(net::wire::checksum_add(0, message.data(), message.size()));
    std::memcpy(message.data() + 2, &checksum, 2);
    return message;
}

// ---- the peer --------------------------------------------------------------------------------------------

void peer::inject(frame bytes) const {
    to.card->receive(std::move(bytes));
    world::current().pass(moment);
}

void peer::inject_ip(const frame& packet) const {
    inject(make_ethernet(to.device().mac, mac, ETH_P_IP, packet));
}

net::wire::arp_packet peer::arp(uint16_t operation, uint32_t sender, uint32_t target) const {
    net::wire::arp_packet packet = {};
    packet.hardware_type = net::wire::arp_hardware_ethernet;
    packet.protocol_type = net::wire::arp_protocol_ipv4;
    packet.hardware_length = 6;
    packet.protocol_length = 4;
    packet.operation = operation;
    std::memcpy(packet.sender_mac, mac, 6);
    packet.sender_address = sender;
    packet.target_address = target;
    return packet;
}

void peer::inject_arp(const net::wire::arp_packet& packet) const {
    inject(make_ethernet(net::wire::ethernet_broadcast, mac, ETH_P_ARP, header_bytes(packet)));
}

void peer::introduce() const {
    inject_arp(arp(net::wire::arp_request, ip, to.ip()));
    to.card->sent.clear();
}

// ---- looking into frames ---------------------------------------------------------------------------------

const net::wire::ethernet_header* ethernet_of(const frame& bytes) {
    return bytes.size() < 14 ? nullptr : reinterpret_cast<const net::wire::ethernet_header*>(bytes.data());
}

const net::wire::arp_packet* arp_of(const frame& bytes) {
    const auto* header = ethernet_of(bytes);
    const bool is = header != nullptr && header->type == ETH_P_ARP && bytes.size() >= 14 + 28;
    return is ? reinterpret_cast<const net::wire::arp_packet*>(bytes.data() + 14) : nullptr;
}

const net::wire::ipv4_header* ip_of(const frame& bytes) {
    const auto* header = ethernet_of(bytes);
    const bool is = header != nullptr && header->type == ETH_P_IP && bytes.size() >= 14 + 20;
    return is ? reinterpret_cast<const net::wire::ipv4_header*>(bytes.data() + 14) : nullptr;
}

const net::wire::icmp_header* icmp_of(const frame& bytes) {
    const auto* ip = ip_of(bytes);
    const bool is = ip != nullptr && ip->protocol == IPPROTO_ICMP && bytes.size() >= 14 + 20 + 8;
    return is ? reinterpret_cast<const net::wire::icmp_header*>(bytes.data() + 14 + ip->header_length())
              : nullptr;
}

const net::wire::udp_header* udp_of(const frame& bytes) {
    const auto* ip = ip_of(bytes);
    const bool is = ip != nullptr && ip->protocol == IPPROTO_UDP && bytes.size() >= 14 + 20 + 8;
    return is ? reinterpret_cast<const net::wire::udp_header*>(bytes.data() + 14 + ip->header_length())
              : nullptr;
}

} // namespace sim
