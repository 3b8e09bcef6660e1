#pragma once
// TCP options as meaning: what a header's option bytes say, and the bytes for what is to be said.
// MSS (RFC 9293 §3.7.1), window scale, timestamps (RFC 7323) and SACK (RFC 2018).

#include "net/wire/seq.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace net::wire {

enum tcp_option_kind : uint8_t {
    tcp_option_end = 0,
    tcp_option_nop = 1,
    tcp_option_mss = 2,
    tcp_option_window_scale = 3,
    tcp_option_sack_permitted = 4,
    tcp_option_sack = 5,
    tcp_option_timestamp = 8,
};

/// Bytes that each takes in a header, padded to a multiple of four as Linux lays them out.
constexpr uint32_t tcp_mss_bytes = 4;
constexpr uint32_t tcp_window_scale_bytes = 4;
constexpr uint32_t tcp_sack_permitted_bytes = 4;
constexpr uint32_t tcp_timestamp_bytes = 12;
constexpr uint32_t tcp_sack_base_bytes = 4;
constexpr uint32_t tcp_sack_block_bytes = 8;

constexpr uint8_t tcp_max_window_scale = 14; ///< RFC 7323 §2.3

/// A run of bytes that arrived ahead of a hole: first byte, and one past the last.
struct sack_block {
    seq start;
    seq end;

    constexpr bool operator==(const sack_block&) const = default;
};

struct tcp_options {
    bool has_mss = false;
    bool has_window_scale = false;
    bool has_timestamp = false;
    bool sack_permitted = false;
    uint16_t mss = 0;
    uint8_t window_scale = 0; ///< at most tcp_max_window_scale
    uint8_t sack_count = 0;
    uint32_t timestamp_value = 0;
    uint32_t timestamp_echo = 0;
    sack_block sacks[4];
};

/// Reads the option bytes of a header. Never fails: unknown options are skipped, an option of a wrong length
/// is ignored, and a length that leads nowhere (below 2, past the end) ends the list. MSS, window scale and
/// SACK-permitted count only where they are allowed, in a SYN. Of options given twice the last one counts.
enum class tcp_options_of : uint8_t { syn, other };
tcp_options parse_tcp_options(std::span<const uint8_t> bytes, tcp_options_of segment);

/// Reads nothing but a lone timestamp in the layout that every common stack sends (two NOPs before it):
/// the fast path of a transfer. False when the bytes are anything else.
bool parse_aligned_timestamp(std::span<const uint8_t> bytes, uint32_t* value, uint32_t* echo);

/// How many bytes write_tcp_options() will need: a multiple of four.
uint32_t tcp_options_bytes(const tcp_options& options);
/// Writes the options; there must be room for tcp_options_bytes() and they must not exceed 40.
void write_tcp_options(uint8_t* to, const tcp_options& options);

} // namespace net::wire
