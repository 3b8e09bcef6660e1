#pragma once
// The TCP header (RFC 9293 §3.1): twenty bytes, then options up to four times the data offset.

#include "kernel/lib/byte_order.hpp"
#include "net/wire/seq.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace net::wire {

enum tcp_flag : uint8_t {
    tcp_fin = 0x01,
    tcp_syn = 0x02,
    tcp_rst = 0x04,
    tcp_psh = 0x08,
    tcp_ack = 0x10,
    tcp_urg = 0x20,
    tcp_ece = 0x40, ///< RFC 3168
    tcp_cwr = 0x80,
};

struct tcp_header {
    lib::be16 source_port;
    lib::be16 destination_port;
    lib::be32 sequence;
    lib::be32 acknowledgment;
    uint8_t offset_and_reserved; ///< data offset in the upper four bits, in words of four bytes
    uint8_t flags;               ///< tcp_flag bits
    lib::be16 window;
    lib::be16 checksum;
    lib::be16 urgent_pointer;

    uint32_t header_bytes() const { return (offset_and_reserved >> 4) * 4u; }
    void set_header_bytes(uint32_t bytes) { offset_and_reserved = static_cast<uint8_t>(bytes / 4 << 4); }
    seq seq_number() const { return seq(sequence); }
    seq ack_number() const { return seq(acknowledgment); }
};
static_assert(sizeof(tcp_header) == 20 && alignof(tcp_header) == 1);

constexpr uint32_t tcp_max_header_bytes = 60;
constexpr uint32_t tcp_max_option_bytes = 40;

/// What a header that does not hold together is wrong about.
enum class tcp_header_check : uint8_t { ok, too_short, bad_offset };

/// Whether a segment of segment_bytes, whose first bytes are given, can hold the header that it claims. After
/// `ok` and once header_bytes() are linear, no accessor and no option can lie outside.
tcp_header_check check_tcp_header(std::span<const uint8_t> linear, uint32_t segment_bytes);

/// "FPA" and the like: the flags as tcpdump writes them, NUL-terminated into at least 9 bytes.
void print_tcp_flags(uint8_t flags, char* to);

} // namespace net::wire
