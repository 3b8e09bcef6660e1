// Headers of the wire layer against their definition, byte by byte: what an accessor says must be what the
// bytes say, and what is stored must come back.

#include "net/wire/arp.hpp"
#include "net/wire/ethernet.hpp"
#include "net/wire/icmp.hpp"
#include "net/wire/ipv4.hpp"
#include "net/wire/tcp.hpp"
#include "net/wire/udp.hpp"

#include "fuzz/support/world.hpp"

#include <memory>

namespace {

using fuzz::require;
using namespace net::wire;

unsigned get16(const uint8_t* at) {
    return static_cast<unsigned>(at[0] << 8 | at[1]);
}

uint32_t get32(const uint8_t* at) {
    return static_cast<uint32_t>(get16(at)) << 16 | get16(at + 2);
}

/// A header at the end of an allocation of its size, where the sanitizer sees a byte too many.
template <class Header>
const Header* header_at(const uint8_t* bytes) {
    return reinterpret_cast<const Header*>(bytes);
}

void check_ethernet(const uint8_t* at) {
    const auto& header = *header_at<ethernet_header>(at);
    require(header.type == get16(at + 12), "ethernet type");
    bool group = (at[0] & 1) != 0;
    bool zero = true;
    for (unsigned i = 0; i < mac_bytes; i++) {
        zero = zero && at[i] == 0;
    }
    require(mac_is_group(header.destination) == group && mac_is_zero(header.destination) == zero,
            "classes of hardware addresses");
    require(mac_equal(header.destination, header.source) == (std::memcmp(at, at + 6, 6) == 0), "mac_equal");
    uint8_t mac[6];
    const uint32_t multicast = 0xe0000000u | (get32(at) & 0x0fffffff);
    multicast_mac(multicast, mac);
    require(get32(mac) == (0x01005e00u | (multicast >> 16 & 0x7f)) && get16(mac + 4) == (multicast & 0xffff),
            "multicast_mac");
}

void check_arp(const uint8_t* at) {
    const auto& packet = *header_at<arp_packet>(at);
    const bool right = get16(at) == 1 && get16(at + 2) == 0x800 && at[4] == 6 && at[5] == 4 &&
                       (get16(at + 6) == 1 || get16(at + 6) == 2);
    require(packet.well_formed() == right, "arp well_formed");
    require(packet.sender_address == get32(at + 14) && packet.target_address == get32(at + 24),
            "arp addresses");
}

void check_ipv4(const uint8_t* at) {
    const auto& header = *header_at<ipv4_header>(at);
    require(header.version() == at[0] >> 4 && header.header_length() == (at[0] & 15u) * 4, "version, length");
    require(header.total_length == get16(at + 2) && header.identification == get16(at + 4), "ipv4 words");
    const unsigned word = get16(at + 6);
    require(header.dont_fragment() == ((word & 0x4000) != 0) &&
                header.more_fragments() == ((word & 0x2000) != 0),
            "fragment flags");
    require(header.fragment_offset() == (word & 0x1fff) * 8 && header.is_fragment() == ((word & 0x3fff) != 0),
            "fragment offset");
    require(header.ttl == at[8] && header.protocol == at[9] && header.checksum == get16(at + 10),
            "ipv4 fields");
    const uint32_t source = get32(at + 12);
    require(header.source == source && header.destination == get32(at + 16), "ipv4 addresses");
    require(ipv4_is_multicast(source) == (at[12] >= 224 && at[12] < 240), "multicast");
    require(ipv4_is_loopback(source) == (at[12] == 127) && ipv4_is_this_network(source) == (at[12] == 0),
            "loopback, this network");
    require(ipv4_is_reserved(source) == (at[12] >= 240), "reserved");
}

void check_icmp_and_udp(const uint8_t* at) {
    const auto& icmp = *header_at<icmp_header>(at);
    require(icmp.type == at[0] && icmp.code == at[1] && icmp.checksum == get16(at + 2), "icmp");
    require(icmp.pointer() == at[4] && icmp.next_hop_mtu() == get16(at + 6), "icmp second word");
    const auto& udp = *header_at<udp_header>(at);
    require(udp.source_port == get16(at) && udp.destination_port == get16(at + 2) &&
                udp.length == get16(at + 4) && udp.checksum == get16(at + 6),
            "udp");
}

void check_tcp(std::span<const uint8_t> bytes, uint32_t segment_bytes) {
    const tcp_header_check verdict = check_tcp_header(bytes, segment_bytes);
    if (bytes.size() < 20 || segment_bytes < 20) {
        require(verdict == tcp_header_check::too_short, "too short");
        return;
    }
    const uint8_t* at = bytes.data();
    const unsigned header_bytes = (at[12] >> 4) * 4u;
    const bool good = header_bytes >= 20 && header_bytes <= segment_bytes;
    require(verdict == (good ? tcp_header_check::ok : tcp_header_check::bad_offset), "data offset");
    const auto& header = *header_at<tcp_header>(at);
    require(header.source_port == get16(at) && header.destination_port == get16(at + 2) &&
                header.seq_number().value == get32(at + 4) && header.ack_number().value == get32(at + 8) &&
                header.flags == at[13] && header.window == get16(at + 14) &&
                header.urgent_pointer == get16(at + 18),
            "tcp fields");
    char letters[9];
    print_tcp_flags(header.flags, letters);
    require(std::strlen(letters) == static_cast<size_t>(__builtin_popcount(at[13])), "print_tcp_flags");
}

/// The circle of sequence numbers: signed distance, and `within` as a loop would say it.
void check_sequence(uint32_t first, uint32_t second) {
    const seq a(first);
    const seq b(second);
    const bool before = ((first - second) & 0x80000000u) != 0;
    require((a < b) == before && (a >= b) == !before, "order of sequence numbers");
    require((a == b) == (first == second) && (a <= b) == (before || first == second),
            "equal sequence numbers");
    require((a + (b.value - a.value)) == b && (b - (b.value - a.value)) == a, "sums of sequence numbers");
    require(within(b, a, 4) == (b == a || b == a + 1 || b == a + 2 || b == a + 3), "within");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[length]);
    std::memcpy(exact.get(), bytes, length);
    const std::span<const uint8_t> whole(exact.get(), length);
    const auto last = [&](size_t size) { return exact.get() + length - size; };
    if (length >= sizeof(ethernet_header)) {
        check_ethernet(last(sizeof(ethernet_header)));
    }
    if (length >= sizeof(arp_packet)) {
        check_arp(last(sizeof(arp_packet)));
    }
    if (length >= sizeof(ipv4_header)) {
        check_ipv4(last(sizeof(ipv4_header)));
    }
    if (length >= sizeof(icmp_header)) {
        check_icmp_and_udp(last(sizeof(icmp_header)));
        check_sequence(get32(last(8)), get32(last(4)));
    }
    if (length >= 1) {
        check_tcp(whole.subspan(1), exact[0]);
    }
    return 0;
}
