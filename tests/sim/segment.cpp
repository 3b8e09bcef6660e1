#include "sim/segment.hpp"

// Frames are taken apart and put together with the stack's own wire types; the checksums are computed here in
// the plainest way, so that an error in the stack's cannot hide itself.

#include "net/wire/ipv4.hpp"
#include "sim/world.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace sim {

namespace {

constexpr size_t link_bytes = 14;

uint16_t plain_checksum(const std::vector<uint8_t>& bytes) {
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); i++) {
        sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

void put32(std::vector<uint8_t>& to, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        to.push_back(static_cast<uint8_t>(value >> shift));
    }
}

/// Over pseudo-header, header and data: 0 for a right segment.
uint16_t tcp_checksum(uint32_t source, uint32_t destination, const uint8_t* tcp, size_t length) {
    std::vector<uint8_t> bytes;
    put32(bytes, source);
    put32(bytes, destination);
    put32(bytes, 6u << 16 | static_cast<uint32_t>(length));
    bytes.insert(bytes.end(), tcp, tcp + length);
    return plain_checksum(bytes);
}

} // namespace

uint32_t segment::end() const {
    const bool syn = (flags & net::wire::tcp_syn) != 0;
    const bool fin = (flags & net::wire::tcp_fin) != 0;
    return seq + static_cast<uint32_t>(payload.size()) + (syn ? 1 : 0) + (fin ? 1 : 0);
}

std::string segment::text() const {
    char letters[9];
    net::wire::print_tcp_flags(flags, letters);
    char line[256];
    std::snprintf(line, sizeof(line), "%u > %u %s seq %u len %zu ack %u win %u", source_port,
                  destination_port, letters, seq, payload.size(), ack, window);
    std::string all = line;
    for (unsigned i = 0; i < options.sack_count; i++) {
        std::snprintf(line, sizeof(line), " sack %u-%u", options.sacks[i].start.value,
                      options.sacks[i].end.value);
        all += line;
    }
    return bad_checksum ? all + " BAD CHECKSUM" : all;
}

std::optional<segment> parse_segment(const frame& bytes) {
    if (bytes.size() < link_bytes + sizeof(net::wire::ipv4_header) || bytes[12] != 8 || bytes[13] != 0) {
        return std::nullopt;
    }
    const auto& ip = *reinterpret_cast<const net::wire::ipv4_header*>(&bytes[link_bytes]);
    const size_t start = link_bytes + ip.header_length();
    const size_t length = ip.total_length - ip.header_length();
    if (ip.protocol != 6 || ip.is_fragment() || start + length > bytes.size()) {
        return std::nullopt;
    }
    const auto& tcp = *reinterpret_cast<const net::wire::tcp_header*>(&bytes[start]);
    segment found;
    found.source = ip.source;
    found.destination = ip.destination;
    found.source_port = tcp.source_port;
    found.destination_port = tcp.destination_port;
    found.seq = tcp.sequence;
    found.ack = tcp.acknowledgment;
    found.flags = tcp.flags;
    found.tos = ip.tos;
    found.window = tcp.window;
    found.urgent = tcp.urgent_pointer;
    const bool syn = (tcp.flags & net::wire::tcp_syn) != 0;
    found.options =
        net::wire::parse_tcp_options({&bytes[start + sizeof(tcp)], tcp.header_bytes() - sizeof(tcp)},
                                     syn ? net::wire::tcp_options_of::syn : net::wire::tcp_options_of::other);
    const auto* payload = reinterpret_cast<const char*>(&bytes[start]) + tcp.header_bytes();
    found.payload.assign(payload, length - tcp.header_bytes());
    found.bad_checksum = tcp_checksum(ip.source, ip.destination, &bytes[start], length) != 0;
    return found;
}

frame build_segment(const segment& what, const uint8_t* from_mac, const uint8_t* to_mac) {
    const uint32_t option_bytes = net::wire::tcp_options_bytes(what.options);
    const size_t tcp_bytes = sizeof(net::wire::tcp_header) + option_bytes + what.payload.size();
    frame bytes(link_bytes + sizeof(net::wire::ipv4_header) + tcp_bytes);
    std::memcpy(&bytes[0], to_mac, 6);
    std::memcpy(&bytes[6], from_mac, 6);
    bytes[12] = 8;
    auto& ip = *reinterpret_cast<net::wire::ipv4_header*>(&bytes[link_bytes]);
    ip.version_and_length = 0x45;
    ip.tos = what.tos;
    ip.total_length = static_cast<uint16_t>(sizeof(ip) + tcp_bytes);
    ip.flags_and_offset = net::wire::ipv4_dont_fragment;
    ip.ttl = 64;
    ip.protocol = 6;
    ip.source = what.source;
    ip.destination = what.destination;
    ip.checksum = plain_checksum({&bytes[link_bytes], &bytes[link_bytes] + sizeof(ip)});
    uint8_t* start = &bytes[link_bytes] + sizeof(ip);
    auto& tcp = *reinterpret_cast<net::wire::tcp_header*>(start);
    tcp.source_port = what.source_port;
    tcp.destination_port = what.destination_port;
    tcp.sequence = what.seq;
    tcp.acknowledgment = what.ack;
    tcp.set_header_bytes(sizeof(tcp) + option_bytes);
    tcp.flags = what.flags;
    tcp.window = what.window;
    tcp.urgent_pointer = what.urgent;
    net::wire::write_tcp_options(start + sizeof(tcp), what.options);
    std::memcpy(start + sizeof(tcp) + option_bytes, what.payload.data(), what.payload.size());
    tcp.checksum = static_cast<uint16_t>(tcp_checksum(what.source, what.destination, start, tcp_bytes) ^
                                         (what.bad_checksum ? 1 : 0));
    return bytes;
}

void dump(const frame& bytes) {
    static const bool wanted = std::getenv("TCPDUMP") != nullptr;
    if (!wanted) {
        return;
    }
    if (const std::optional<segment> found = parse_segment(bytes)) {
        std::fprintf(stderr, "%12.6f %s\n", static_cast<double>(world::current().now()) / 1e9,
                     found->text().c_str());
    }
}

} // namespace sim
