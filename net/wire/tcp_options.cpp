#include "net/wire/tcp_options.hpp"

// Option lists come from whoever sends them, so the reading loop has one invariant: every turn moves
// forward by at least one byte and never past the end. An option whose length is wrong for its kind is
// ignored; the rest of the list is still read (RFC 9293 §3.1, MUST-7).
//
// Written options follow Linux's layout, which peers' fast paths (and ours) recognise: in a SYN
// MSS, SACK-permitted + timestamp packed in twelve bytes, window scale; later NOP NOP timestamp, NOP NOP
// SACK.

#include "kernel/lib/assert.hpp"
#include "kernel/lib/byte_order.hpp"

namespace net::wire {

namespace {

uint32_t read_be32(const uint8_t* at) {
    return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

uint8_t* write_be32(uint8_t* to, uint32_t value) {
    to[0] = static_cast<uint8_t>(value >> 24);
    to[1] = static_cast<uint8_t>(value >> 16);
    to[2] = static_cast<uint8_t>(value >> 8);
    to[3] = static_cast<uint8_t>(value);
    return to + 4;
}

void read_sack(std::span<const uint8_t> blocks, tcp_options& into) {
    into.sack_count = 0;
    for (size_t at = 0; at + tcp_sack_block_bytes <= blocks.size() && into.sack_count < 4; at += 8) {
        into.sacks[into.sack_count++] = {seq(read_be32(&blocks[at])), seq(read_be32(&blocks[at + 4]))};
    }
}

/// One option whose kind and length bytes are consistent; `value` is what follows them.
void read_option(uint8_t kind, std::span<const uint8_t> value, tcp_options_of segment, tcp_options& into) {
    const bool in_syn = segment == tcp_options_of::syn;
    switch (kind) {
    case tcp_option_mss:
        if (in_syn && value.size() == 2) {
            into.mss = static_cast<uint16_t>(value[0] << 8 | value[1]);
            into.has_mss = into.mss != 0;
        }
        break;
    case tcp_option_window_scale:
        if (in_syn && value.size() == 1) {
            into.has_window_scale = true;
            into.window_scale = value[0] < tcp_max_window_scale ? value[0] : tcp_max_window_scale;
        }
        break;
    case tcp_option_sack_permitted:
        if (in_syn && value.empty()) {
            into.sack_permitted = true;
        }
        break;
    case tcp_option_sack:
        if (!in_syn && value.size() >= tcp_sack_block_bytes && value.size() % tcp_sack_block_bytes == 0) {
            read_sack(value, into);
        }
        break;
    case tcp_option_timestamp:
        if (value.size() == 8) {
            into.has_timestamp = true;
            into.timestamp_value = read_be32(&value[0]);
            into.timestamp_echo = read_be32(&value[4]);
        }
        break;
    default:
        break;
    }
}

} // namespace

tcp_options parse_tcp_options(std::span<const uint8_t> bytes, tcp_options_of segment) {
    tcp_options found;
    while (!bytes.empty() && bytes[0] != tcp_option_end) {
        if (bytes[0] == tcp_option_nop) {
            bytes = bytes.subspan(1);
            continue;
        }
        if (bytes.size() < 2 || bytes[1] < 2 || bytes[1] > bytes.size()) {
            break;
        }
        const size_t length = bytes[1];
        read_option(bytes[0], bytes.subspan(2, length - 2), segment, found);
        bytes = bytes.subspan(length);
    }
    return found;
}

bool parse_aligned_timestamp(std::span<const uint8_t> bytes, uint32_t* value, uint32_t* echo) {
    constexpr uint32_t nop_nop_timestamp_10 = 0x0101080a;
    if (bytes.size() != tcp_timestamp_bytes || read_be32(bytes.data()) != nop_nop_timestamp_10) {
        return false;
    }
    *value = read_be32(&bytes[4]);
    *echo = read_be32(&bytes[8]);
    return true;
}

uint32_t tcp_options_bytes(const tcp_options& options) {
    uint32_t bytes = 0;
    bytes += options.has_mss ? tcp_mss_bytes : 0;
    bytes += options.has_window_scale ? tcp_window_scale_bytes : 0;
    // The two bytes of SACK-permitted take the place of the timestamp's two NOPs.
    bytes += options.has_timestamp    ? tcp_timestamp_bytes
             : options.sack_permitted ? tcp_sack_permitted_bytes
                                      : 0;
    bytes += options.sack_count != 0 ? tcp_sack_base_bytes + options.sack_count * tcp_sack_block_bytes : 0;
    return bytes;
}

void write_tcp_options(uint8_t* to, const tcp_options& options) {
    ASSERT(tcp_options_bytes(options) <= 40);
    if (options.has_mss) {
        to = write_be32(to, uint32_t{tcp_option_mss} << 24 | 4u << 16 | options.mss);
    }
    const uint32_t padding = options.sack_permitted ? uint32_t{tcp_option_sack_permitted} << 8 | 2
                                                    : uint32_t{tcp_option_nop} << 8 | tcp_option_nop;
    if (options.has_timestamp) {
        to = write_be32(to, padding << 16 | uint32_t{tcp_option_timestamp} << 8 | 10);
        to = write_be32(to, options.timestamp_value);
        to = write_be32(to, options.timestamp_echo);
    } else if (options.sack_permitted) {
        to = write_be32(to, uint32_t{tcp_option_nop} << 24 | uint32_t{tcp_option_nop} << 16 | padding);
    }
    if (options.has_window_scale) {
        to = write_be32(to, uint32_t{tcp_option_nop} << 24 | uint32_t{tcp_option_window_scale} << 16 |
                                3u << 8 | options.window_scale);
    }
    if (options.sack_count != 0) {
        const uint32_t length = 2 + options.sack_count * tcp_sack_block_bytes;
        to = write_be32(to, uint32_t{tcp_option_nop} << 24 | uint32_t{tcp_option_nop} << 16 |
                                uint32_t{tcp_option_sack} << 8 | length);
        for (unsigned i = 0; i < options.sack_count; i++) {
            to = write_be32(write_be32(to, options.sacks[i].start.value), options.sacks[i].end.value);
        }
    }
}

} // namespace net::wire
