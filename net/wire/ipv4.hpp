#pragma once
// The IPv4 header (RFC 791 §3.1).
//
//    0                   1                   2                   3
//   |Version|  IHL  |Type of service|          Total length         |
//   |         Identification        |Flags|     Fragment offset     |
//   |  Time to live |   Protocol    |        Header checksum        |
//   |                        Source address                         |
//   |                      Destination address                      |
//   |                      Options (0 to 40 bytes)                  |

#include "kernel/lib/byte_order.hpp"

#include <cstddef>
#include <cstdint>

namespace net::wire {

constexpr uint16_t ipv4_reserved_flag = 0x8000;
constexpr uint16_t ipv4_dont_fragment = 0x4000;
constexpr uint16_t ipv4_more_fragments = 0x2000;
constexpr uint16_t ipv4_offset_mask = 0x1fff; ///< counts units of 8 bytes

constexpr uint32_t ipv4_max_length = 65535;
constexpr uint32_t ipv4_max_options = 40;

struct [[gnu::packed]] ipv4_header {
    uint8_t version_and_length; ///< 4 bits each; the length counts 32-bit words
    uint8_t tos;
    lib::be16 total_length;
    lib::be16 identification;
    lib::be16 flags_and_offset;
    uint8_t ttl;
    uint8_t protocol;
    lib::be16 checksum;
    lib::be32 source;
    lib::be32 destination;

    unsigned version() const { return version_and_length >> 4; }
    uint32_t header_length() const { return (version_and_length & 0xfu) * 4; }
    uint32_t fragment_offset() const { return (flags_and_offset & ipv4_offset_mask) * 8u; }
    bool more_fragments() const { return (flags_and_offset & ipv4_more_fragments) != 0; }
    bool dont_fragment() const { return (flags_and_offset & ipv4_dont_fragment) != 0; }
    bool is_fragment() const { return (flags_and_offset & (ipv4_more_fragments | ipv4_offset_mask)) != 0; }
};
static_assert(sizeof(ipv4_header) == 20);

/// Classes of addresses (host order) that matter to a host: RFC 1122 3.2.1.3, RFC 6890.
constexpr bool ipv4_is_multicast(uint32_t address) {
    return (address >> 28) == 0xe;
}
constexpr bool ipv4_is_loopback(uint32_t address) {
    return (address >> 24) == 127;
}
constexpr bool ipv4_is_this_network(uint32_t address) {
    return (address >> 24) == 0;
}
constexpr bool ipv4_is_reserved(uint32_t address) {
    return (address >> 28) == 0xf;
} ///< 240/4 and broadcast
constexpr uint32_t ipv4_limited_broadcast = 0xffffffff;

/// Numbers of IP options (RFC 791 §3.1, RFC 2113).
enum class ipv4_option : uint8_t {
    end = 0,
    no_operation = 1,
    record_route = 7,
    timestamp = 68,
    loose_source_route = 131,
    strict_source_route = 137,
    router_alert = 148,
};

/// What a walk over the options found.
struct ipv4_options_report {
    bool well_formed = true;
    bool source_route = false;
    bool router_alert = false;
    uint8_t bad_offset = 0; ///< where it went wrong, from the start of the IP header
};
/// Walks the options of a header; every step moves on, whatever the lengths claim.
ipv4_options_report ipv4_check_options(const uint8_t* options, size_t length);

} // namespace net::wire
