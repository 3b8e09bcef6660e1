#pragma once
// TCP segments as tests see them: fields to compare, the frame to send, and the line that tcpdump would
// print.

#include "net/wire/tcp.hpp"
#include "net/wire/tcp_options.hpp"
#include "sim/host.hpp"

#include <optional>
#include <string>

namespace sim {

struct segment {
    uint32_t source = 0;
    uint32_t destination = 0;
    uint16_t source_port = 0;
    uint16_t destination_port = 0;
    uint32_t seq = 0;
    uint32_t ack = 0;
    uint8_t flags = 0;
    uint8_t tos = 0;         ///< of the IP header
    uint16_t window = 65535; ///< the raw field
    uint16_t urgent = 0;
    net::wire::tcp_options options;
    std::string payload;
    bool bad_checksum = false; ///< received: was wrong; to send: make it wrong

    uint32_t end() const;
    std::string text() const;
};

/// The segment in an Ethernet frame, or nothing if there is none.
std::optional<segment> parse_segment(const frame& bytes);
/// A frame with the segment, from one hardware address to another.
frame build_segment(const segment& what, const uint8_t* from_mac, const uint8_t* to_mac);
/// Prints every TCP segment that passes, with its time, when the environment says TCPDUMP=1.
void dump(const frame& bytes);

} // namespace sim
