#pragma once
// ICMP (RFC 792). The second word means something else in each type; error messages quote the IP header and
// at least eight bytes of the packet that caused them. Types and codes are in kernel/abi/inet.h.

#include "kernel/lib/byte_order.hpp"

#include <cstdint>

namespace net::wire {

struct [[gnu::packed]] icmp_header {
    uint8_t type;
    uint8_t code;
    lib::be16 checksum;
    lib::be16 identifier; ///< of an echo; unused or the pointer in errors
    lib::be16 sequence;   ///< of an echo; the MTU of "fragmentation needed" (RFC 1191 §4)

    uint32_t next_hop_mtu() const { return sequence; }
    uint8_t pointer() const { return static_cast<uint8_t>(identifier >> 8); } ///< of "parameter problem"
};
static_assert(sizeof(icmp_header) == 8);

constexpr uint32_t icmp_header_bytes = 8;

} // namespace net::wire
