#pragma once
// Frames made by hand, field by field, for tests that play the peer or the attacker; and a look into frames
// that a host has sent.

#include "net/wire/arp.hpp"
#include "net/wire/ethernet.hpp"
#include "net/wire/icmp.hpp"
#include "net/wire/ipv4.hpp"
#include "net/wire/udp.hpp"
#include "sim/host.hpp"

#include <cstdint>
#include <string>

namespace sim {

/// A peer that exists only as frames: its addresses, and the card of the host that it talks to.
struct peer {
    host& to;
    uint32_t ip;
    uint8_t mac[6] = {0x02, 0xee, 0, 0, 0, 1};

    peer(host& target, const char* ip_text) : to(target), ip(address(ip_text)) {}

    /// Hands a frame to the host's card and lets the world run for a moment.
    void inject(frame bytes) const;
    /// The same for an IP packet in an Ethernet frame to the host's card.
    void inject_ip(const frame& packet) const;
    /// The same for an ARP packet; fields that a test wants wrong are changed in between.
    void inject_arp(const net::wire::arp_packet& packet) const;
    net::wire::arp_packet arp(uint16_t operation, uint32_t sender, uint32_t target) const;
    /// Makes the host know this peer's hardware address, by asking it something.
    void introduce() const;
};

/// What an IP header is to say; the lengths and the checksum are filled in.
struct ip_fields {
    uint32_t source = 0;
    uint32_t destination = 0;
    uint8_t protocol = 17;
    uint8_t ttl = 64;
    uint16_t identification = 1;
    uint16_t flags_and_offset = 0;
    std::string options = {}; ///< a multiple of four bytes
    uint8_t tos = 0;
};

frame make_ethernet(const uint8_t* to, const uint8_t* from, uint16_t type, const frame& payload);
frame make_ip(const ip_fields& fields, const frame& payload);
/// Sums the header of a packet again after a field was changed.
void fix_ip_checksum(frame& packet);
frame make_udp(const ip_fields& ip, uint16_t from, uint16_t to, const std::string& data);
frame make_icmp(uint8_t type, uint8_t code, uint16_t first, uint16_t second, const frame& data);
frame bytes_of(const std::string& text);
frame join(frame left, const frame& right);

/// The parts of a sent frame; null when it is too short or of another kind.
const net::wire::ethernet_header* ethernet_of(const frame& bytes);
const net::wire::arp_packet* arp_of(const frame& bytes);
const net::wire::ipv4_header* ip_of(const frame& bytes);
const net::wire::icmp_header* icmp_of(const frame& bytes);
const net::wire::udp_header* udp_of(const frame& bytes);

/// How many frames a card has sent that the condition holds for.
template <class Condition>
size_t count_sent(const host& from, Condition condition) {
    size_t count = 0;
    for (const frame& each : from.card->sent) {
        count += condition(each) ? 1 : 0;
    }
    return count;
}

} // namespace sim
