#include "fuzz/support/frame.hpp"

#include "fuzz/support/world.hpp"

namespace fuzz {

namespace {

constexpr unsigned type_ipv4 = 0x0800;
constexpr unsigned type_arp = 0x0806;
constexpr uint8_t icmp = 1;
constexpr uint8_t tcp = 6;
constexpr uint8_t udp = 17;

unsigned get16(const uint8_t* at) {
    return static_cast<unsigned>(at[0] << 8 | at[1]);
}

/// Where the checksum lies in a transport header; 0: no such protocol.
size_t checksum_offset(uint8_t protocol) {
    switch (protocol) {
    case icmp:
        return 2;
    case tcp:
        return 16;
    case udp:
        return 6;
    default:
        return 0;
    }
}

bool is_fragment(const uint8_t* ip) {
    return (get16(ip + 6) & 0x3fff) != 0;
}

} // namespace

uint16_t plain_checksum(std::span<const uint8_t> bytes, uint32_t start) {
    uint32_t sum = start;
    size_t i = 0;
    for (; i + 1 < bytes.size(); i += 2) {
        sum += get16(&bytes[i]);
    }
    if (i < bytes.size()) {
        sum += static_cast<uint32_t>(bytes[i] << 8);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

uint32_t pseudo_header(const uint8_t* ip_header, uint32_t transport_bytes) {
    uint32_t sum = ip_header[9] + transport_bytes;
    for (size_t i = 12; i < 20; i += 2) {
        sum += get16(ip_header + i);
    }
    return sum;
}

void repair_frame(frame& broken, uint8_t what) {
    uint8_t* ip = broken.at(link_bytes);
    if (broken.length < link_bytes + 20 || get16(broken.at(12)) != type_ipv4) {
        return;
    }
    if ((what & repair_length) != 0) {
        broken.set16(link_bytes + 2, static_cast<unsigned>(broken.length - link_bytes));
    }
    const size_t header = (ip[0] & 0xfu) * 4;
    const size_t total = get16(ip + 2);
    if (header < 20 || total < header || total > broken.length - link_bytes) {
        return;
    }
    const size_t transport_bytes = total - header;
    const size_t place = checksum_offset(ip[9]);
    if ((what & repair_transport) != 0 && place != 0 && !is_fragment(ip) && transport_bytes >= place + 2) {
        uint8_t* transport = ip + header;
        if (ip[9] == udp && (what & repair_length) != 0 && transport_bytes >= 8) {
            broken.set16(link_bytes + header + 4, static_cast<unsigned>(transport_bytes));
        }
        transport[place] = transport[place + 1] = 0;
        const uint32_t start = ip[9] == icmp ? 0 : pseudo_header(ip, static_cast<uint32_t>(transport_bytes));
        broken.set16(link_bytes + header + place, plain_checksum({transport, transport_bytes}, start));
    }
    if ((what & repair_ip) != 0) {
        ip[10] = ip[11] = 0;
        broken.set16(link_bytes + 10, plain_checksum({ip, header}));
    }
}

void check_sent_frame(std::span<const uint8_t> bytes) {
    require(bytes.size() >= link_bytes + 20, "a frame is too short for any packet"); // the card pads
    const unsigned type = get16(&bytes[12]);
    if (type == type_arp) {
        require(get16(&bytes[14]) == 1 && get16(&bytes[16]) == type_ipv4 && bytes[18] == 6 && bytes[19] == 4,
                "a broken ARP packet was sent");
        return;
    }
    require(type == type_ipv4, "a frame of an unknown type was sent");
    const uint8_t* ip = &bytes[link_bytes];
    const size_t header = (ip[0] & 0xfu) * 4;
    const size_t total = get16(ip + 2);
    require(ip[0] >> 4 == 4 && header >= 20 && total >= header && total <= bytes.size() - link_bytes,
            "lengths of a sent IP header do not hold together");
    require(plain_checksum({ip, header}) == 0, "the checksum of a sent IP header is wrong");
    const size_t place = checksum_offset(ip[9]);
    const size_t transport_bytes = total - header;
    const uint8_t* transport = ip + header;
    if (place == 0 || is_fragment(ip)) {
        return;
    }
    require(transport_bytes >= (ip[9] == tcp ? 20u : 8u), "a sent transport header is cut");
    const bool no_checksum = ip[9] == udp && get16(transport + place) == 0;
    const uint32_t start = ip[9] == icmp ? 0 : pseudo_header(ip, static_cast<uint32_t>(transport_bytes));
    require(no_checksum || plain_checksum({transport, transport_bytes}, start) == 0,
            "the checksum of a sent transport header is wrong");
    require(ip[9] != tcp || ((transport[12] >> 4) >= 5 && (transport[12] >> 4) * 4u <= transport_bytes),
            "a sent TCP header is longer than its segment");
    require(ip[9] != udp || get16(transport + 4) == transport_bytes, "a sent UDP length is wrong");
}

} // namespace fuzz
