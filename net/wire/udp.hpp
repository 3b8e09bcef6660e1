#pragma once
// UDP (RFC 768).

#include "kernel/lib/byte_order.hpp"

#include <cstdint>

namespace net::wire {

struct [[gnu::packed]] udp_header {
    lib::be16 source_port;
    lib::be16 destination_port;
    lib::be16 length;   ///< of header and data
    lib::be16 checksum; ///< 0: the sender computed none
};
static_assert(sizeof(udp_header) == 8);

constexpr uint32_t udp_header_bytes = 8;
constexpr unsigned udp_checksum_offset = 6;

} // namespace net::wire
