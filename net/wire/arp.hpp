#pragma once
// ARP for IPv4 over Ethernet (RFC 826).

#include "kernel/lib/byte_order.hpp"
#include "net/wire/ethernet.hpp"

#include <cstdint>

namespace net::wire {

constexpr uint16_t arp_hardware_ethernet = 1;
constexpr uint16_t arp_protocol_ipv4 = 0x0800;
constexpr uint16_t arp_request = 1;
constexpr uint16_t arp_reply = 2;

struct [[gnu::packed]] arp_packet {
    lib::be16 hardware_type;
    lib::be16 protocol_type;
    uint8_t hardware_length;
    uint8_t protocol_length;
    lib::be16 operation;
    uint8_t sender_mac[mac_bytes];
    lib::be32 sender_address;
    uint8_t target_mac[mac_bytes];
    lib::be32 target_address;

    /// Whether the fixed fields say IPv4 over Ethernet and the operation is one of the two known ones.
    bool well_formed() const {
        return hardware_type == arp_hardware_ethernet && protocol_type == arp_protocol_ipv4 &&
               hardware_length == mac_bytes && protocol_length == 4 &&
               (operation == arp_request || operation == arp_reply);
    }
};
static_assert(sizeof(arp_packet) == 28);

} // namespace net::wire
