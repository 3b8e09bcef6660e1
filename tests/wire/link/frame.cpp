#include "tests/wire/link/frame.hpp"

namespace wire {
namespace {

constexpr uint16_t ethertype_ipv4 = 0x0800;
constexpr uint16_t ethertype_arp = 0x0806;
constexpr uint8_t protocol_icmp = 1;
constexpr uint8_t protocol_tcp = 6;
constexpr uint8_t protocol_udp = 17;
constexpr uint8_t tcp_fin = 0x01;
constexpr uint8_t tcp_syn = 0x02;
constexpr uint8_t tcp_rst = 0x04;
constexpr uint8_t tcp_ack = 0x10;
constexpr uint8_t tcp_psh = 0x08;

constexpr struct {
    std::string_view name;
    frame_kind kind;
} kind_names[] = {
    {"tcp", frame_kind::tcp}, {"data", frame_kind::data}, {"ack", frame_kind::ack},
    {"syn", frame_kind::syn}, {"fin", frame_kind::fin},   {"rst", frame_kind::rst},
    {"udp", frame_kind::udp}, {"icmp", frame_kind::icmp}, {"arp", frame_kind::arp},
};

/// Big endian; 0 beyond the end, which is no value that anybody looks for.
unsigned u16_at(std::span<const uint8_t> in, size_t offset) {
    return offset + 2 <= in.size() ? in[offset] << 8 | in[offset + 1] : 0;
}
unsigned u8_at(std::span<const uint8_t> in, size_t offset) {
    return offset < in.size() ? in[offset] : 0;
}

size_t ip_header_bytes(std::span<const uint8_t> of) {
    return (u8_at(of, ethernet_header_bytes) & 15) * 4;
}

/// The protocol inside of IPv4, or 0. Later fragments have no header of it.
unsigned ip_protocol(std::span<const uint8_t> of) {
    bool later_fragment = (u16_at(of, ethernet_header_bytes + 6) & 0x1fff) != 0;
    return is_ipv4(of) && !later_fragment ? u8_at(of, ethernet_header_bytes + 9) : 0;
}

/// The IPv4 total length tells payload from the padding of a short frame.
bool has_tcp_payload(std::span<const uint8_t> of) {
    size_t tcp_at = ethernet_header_bytes + ip_header_bytes(of);
    size_t headers = ip_header_bytes(of) + (u8_at(of, tcp_at + 12) >> 4) * 4;
    return u16_at(of, ethernet_header_bytes + 2) > headers;
}

} // namespace

frame_kind kind_named(std::string_view name, bool& known) {
    for (const auto& row : kind_names) {
        if (row.name == name) {
            known = true;
            return row.kind;
        }
    }
    known = false;
    return frame_kind::any;
}

bool is_ipv4(std::span<const uint8_t> of) {
    return u16_at(of, 12) == ethertype_ipv4;
}

bool is_of_kind(std::span<const uint8_t> of, frame_kind kind) {
    unsigned protocol = ip_protocol(of);
    unsigned flags = 0;
    if (protocol == protocol_tcp) {
        flags = u8_at(of, ethernet_header_bytes + ip_header_bytes(of) + 13);
    }
    switch (kind) {
    case frame_kind::any:
        return true;
    case frame_kind::tcp:
        return protocol == protocol_tcp;
    case frame_kind::data:
        return protocol == protocol_tcp && has_tcp_payload(of);
    case frame_kind::ack:
        return protocol == protocol_tcp && (flags & ~tcp_psh) == tcp_ack && !has_tcp_payload(of);
    case frame_kind::syn:
        return flags & tcp_syn;
    case frame_kind::fin:
        return flags & tcp_fin;
    case frame_kind::rst:
        return flags & tcp_rst;
    case frame_kind::udp:
        return protocol == protocol_udp;
    case frame_kind::icmp:
        return protocol == protocol_icmp;
    case frame_kind::arp:
        return u16_at(of, 12) == ethertype_arp;
    }
    return false;
}

size_t checksum_offset(std::span<const uint8_t> of) {
    if (!is_ipv4(of)) {
        return 0;
    }
    size_t transport = ethernet_header_bytes + ip_header_bytes(of);
    size_t offset = ethernet_header_bytes + 10;
    switch (ip_protocol(of)) {
    case protocol_tcp:
        offset = transport + 16;
        break;
    case protocol_udp:
        offset = transport + 6;
        break;
    case protocol_icmp:
        offset = transport + 2;
        break;
    }
    return offset + 2 <= of.size() ? offset : 0;
}

} // namespace wire
