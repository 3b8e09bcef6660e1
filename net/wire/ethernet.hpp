#pragma once
// The Ethernet II header (IEEE 802.3 §3.2.6): destination, source, type. Values of the last field below
// 0x600 are lengths of IEEE 802.2 frames, which nothing here speaks.

#include "kernel/lib/byte_order.hpp"

#include <cstdint>

namespace net::wire {

constexpr unsigned mac_bytes = 6;
constexpr uint32_t ethernet_header_bytes = 14;
constexpr uint32_t ethernet_minimum_bytes = 60; ///< without the frame check sequence
constexpr uint16_t ethernet_first_type = 0x600;

struct [[gnu::packed]] ethernet_header {
    uint8_t destination[mac_bytes];
    uint8_t source[mac_bytes];
    lib::be16 type;
};
static_assert(sizeof(ethernet_header) == ethernet_header_bytes);

constexpr uint8_t ethernet_broadcast[mac_bytes] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

constexpr bool mac_is_group(const uint8_t* mac) {
    return (mac[0] & 1) != 0;
}
constexpr bool mac_is_zero(const uint8_t* mac) {
    return (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0;
}
constexpr bool mac_equal(const uint8_t* left, const uint8_t* right) {
    return __builtin_memcmp(left, right, mac_bytes) == 0;
}

/// The group address that carries an IPv4 multicast group (RFC 1112 §6.4).
constexpr void multicast_mac(uint32_t group, uint8_t* mac) {
    mac[0] = 0x01;
    mac[1] = 0x00;
    mac[2] = 0x5e;
    mac[3] = static_cast<uint8_t>(group >> 16 & 0x7f);
    mac[4] = static_cast<uint8_t>(group >> 8);
    mac[5] = static_cast<uint8_t>(group);
}

} // namespace net::wire
