#pragma once
// What a router does with packets that the next link of their way cannot carry whole.

#include "sim/host.hpp"

#include <cstdint>
#include <vector>

namespace sim {

/// Where the simulation's routers are: at no host's address.
constexpr uint32_t router_address = 0x0a0000fe;

/// Whether the frame holds an IP packet of more than mtu bytes whose header is not damaged.
bool is_too_large(const frame& bytes, uint32_t mtu);
/// Whether it may not be cut (DF).
bool must_stay_whole(const frame& bytes);
/// The fragments of a packet that is too large (RFC 791 §3.2).
std::vector<frame> cut(const frame& bytes, uint32_t mtu);
/// Tells the sender of such a packet what fits: "fragmentation needed" (RFC 1191 §4).
frame fragmentation_needed(const frame& cause, uint32_t mtu);

} // namespace sim
