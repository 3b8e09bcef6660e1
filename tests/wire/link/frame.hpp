#pragma once
// What a wire can tell about an Ethernet frame: enough to count "the third data segment" and to damage a
// field. Frames are as a guest sent them, so every look at a byte is bounded.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace wire {

using frame = std::vector<uint8_t>;

constexpr size_t ethernet_header_bytes = 14;

/// Kinds that a script counts. data is a TCP segment with payload, ack one without payload and with no flag
/// but ACK.
enum class frame_kind : uint8_t { any, tcp, data, ack, syn, fin, rst, udp, icmp, arp };

/// The kind of that name, or any when there is none; `known` tells.
frame_kind kind_named(std::string_view name, bool& known);

bool is_of_kind(std::span<const uint8_t> of, frame_kind kind);
bool is_ipv4(std::span<const uint8_t> of);

/// Where the checksum of TCP, UDP or ICMP is, or of the IPv4 header when there is none of those; 0 when the
/// frame has no checksum.
size_t checksum_offset(std::span<const uint8_t> of);

} // namespace wire
