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
    union {
        struct [[gnu::packed]] {
            lib::be16 identifier;
            lib::be16 sequence;
        } echo;
        struct [[gnu::packed]] {
            lib::be16 unused;
            lib::be16 next_hop_mtu; ///< "fragmentation needed" (RFC 1191 §4)
        } path_mtu;
        uint8_t pointer; ///< "parameter problem"
        lib::be32 word;
    };

    icmp_header() : type(0), code(0), checksum(0), word(0) {}
};
static_assert(sizeof(icmp_header) == 8);

constexpr uint32_t icmp_header_bytes = 8;

} // namespace net::wire
