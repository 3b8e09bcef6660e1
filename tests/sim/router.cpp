// See router.hpp.

#include "sim/router.hpp"

#include "kernel/abi/inet.h"
#include "kernel/abi/packet.h"
#include "net/wire/checksum.hpp"
#include "sim/packet.hpp"

#include <algorithm>

namespace sim {
namespace {

constexpr size_t ip_at = sizeof(net::wire::ethernet_header);

net::wire::ipv4_header& ip_in(frame& bytes) {
    return *reinterpret_cast<net::wire::ipv4_header*>(bytes.data() + ip_at);
}

} // namespace

bool is_too_large(const frame& bytes, uint32_t mtu) {
    const net::wire::ipv4_header* ip = ip_of(bytes);
    if (ip == nullptr || ip->total_length <= mtu || ip_at + ip->total_length > bytes.size()) {
        return false;
    }
    const uint32_t header_bytes = ip->header_length();
    return header_bytes >= sizeof(*ip) && header_bytes <= ip->total_length &&
           net::wire::checksum_good(net::wire::checksum_add(0, ip, header_bytes));
}

bool must_stay_whole(const frame& bytes) {
    return ip_of(bytes)->dont_fragment();
}

std::vector<frame> cut(const frame& bytes, uint32_t mtu) {
    const net::wire::ipv4_header& whole = *ip_of(bytes);
    const uint32_t header_bytes = whole.header_length();
    const uint32_t payload_bytes = whole.total_length - header_bytes;
    const uint32_t step = (mtu - header_bytes) / 8 * 8;
    const auto payload = bytes.begin() + static_cast<ptrdiff_t>(ip_at + header_bytes);
    std::vector<frame> fragments;
    for (uint32_t offset = 0; offset < payload_bytes; offset += step) {
        const uint32_t length = std::min(step, payload_bytes - offset);
        frame& piece = fragments.emplace_back(bytes.begin(), payload);
        piece.insert(piece.end(), payload + offset, payload + offset + length);
        // What is cut may be a fragment itself: its place, and whether more follow, carry over.
        const bool last = offset + length == payload_bytes;
        net::wire::ipv4_header& ip = ip_in(piece);
        ip.total_length = static_cast<uint16_t>(header_bytes + length);
        ip.flags_and_offset = static_cast<uint16_t>((whole.flags_and_offset + offset / 8) |
                                                    (last ? 0 : net::wire::ipv4_more_fragments));
        ip.checksum = 0;
        ip.checksum =
            lib::be16::from_raw(net::wire::checksum_finish(net::wire::checksum_add(0, &ip, header_bytes)));
    }
    return fragments;
}

frame fragmentation_needed(const frame& cause, uint32_t mtu) {
    constexpr size_t quoted_payload = 8;
    const net::wire::ipv4_header& ip = *ip_of(cause);
    const net::wire::ethernet_header& ethernet = *ethernet_of(cause);
    const auto quote = cause.begin() + ip_at;
    const size_t quote_bytes = std::min<size_t>(ip.header_length() + quoted_payload, ip.total_length);
    const frame message = make_icmp(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 0, static_cast<uint16_t>(mtu),
                                    frame(quote, quote + static_cast<ptrdiff_t>(quote_bytes)));
    return make_ethernet(
        ethernet.source, ethernet.destination, ETH_P_IP,
        make_ip({.source = router_address, .destination = ip.source, .protocol = IPPROTO_ICMP}, message));
}

} // namespace sim
