// TCP options: what parse_tcp_options() reads against a naive reader, and that what write_tcp_options()
// writes is read back the same.

#include "fuzz/support/world.hpp"
#include "net/wire/tcp_options.hpp"

#include <memory>

namespace {

using fuzz::require;
using namespace net::wire;

uint32_t get32(const uint8_t* at) {
    return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1] << 16 | at[2] << 8 | at[3]);
}

/// RFC 9293 §3.1, RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3, one option after the other.
tcp_options read_naively(const uint8_t* bytes, size_t length, bool syn) {
    tcp_options found;
    for (size_t at = 0; at < length;) {
        if (bytes[at] == 0) {
            break;
        }
        if (bytes[at] == 1) {
            at++;
            continue;
        }
        if (at + 1 == length) {
            break;
        }
        const size_t size = bytes[at + 1];
        if (size < 2 || at + size > length) {
            break;
        }
        const uint8_t* value = bytes + at + 2;
        if (bytes[at] == 2 && size == 4 && syn) {
            found.mss = static_cast<uint16_t>(value[0] << 8 | value[1]);
            found.has_mss = found.mss != 0;
        } else if (bytes[at] == 3 && size == 3 && syn) {
            found.has_window_scale = true;
            found.window_scale = value[0] > 14 ? 14 : value[0];
        } else if (bytes[at] == 4 && size == 2 && syn) {
            found.sack_permitted = true;
        } else if (bytes[at] == 5 && !syn && size >= 10 && (size - 2) % 8 == 0) {
            found.sack_count = 0;
            for (size_t block = 0; block < (size - 2) / 8 && block < 4; block++) {
                found.sacks[found.sack_count++] = {seq(get32(value + 8 * block)),
                                                   seq(get32(value + 8 * block + 4))};
            }
        } else if (bytes[at] == 8 && size == 10) {
            found.has_timestamp = true;
            found.timestamp_value = get32(value);
            found.timestamp_echo = get32(value + 4);
        }
        at += size;
    }
    return found;
}

bool same(const tcp_options& left, const tcp_options& right) {
    bool equal = left.has_mss == right.has_mss && left.mss == right.mss &&
                 left.has_window_scale == right.has_window_scale && left.window_scale == right.window_scale &&
                 left.sack_permitted == right.sack_permitted && left.has_timestamp == right.has_timestamp &&
                 left.timestamp_value == right.timestamp_value &&
                 left.timestamp_echo == right.timestamp_echo && left.sack_count == right.sack_count;
    for (unsigned i = 0; equal && i < left.sack_count; i++) {
        equal = left.sacks[i] == right.sacks[i];
    }
    return equal;
}

void check_written(const tcp_options& wanted, tcp_options_of segment) {
    const uint32_t size = tcp_options_bytes(wanted);
    require(size % 4 == 0, "padding");
    if (size > 40) {
        return;
    }
    const std::unique_ptr<uint8_t[]> written(new uint8_t[size]);
    write_tcp_options(written.get(), wanted);
    require(same(parse_tcp_options({written.get(), size}, segment), wanted), "written and read back");
    uint32_t value = 0;
    uint32_t echo = 0;
    const bool alone = wanted.has_timestamp && !wanted.has_mss && !wanted.has_window_scale &&
                       !wanted.sack_permitted && wanted.sack_count == 0;
    require(parse_aligned_timestamp({written.get(), size}, &value, &echo) == alone, "a lone timestamp");
    require(!alone || (value == wanted.timestamp_value && echo == wanted.timestamp_echo), "its value");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    if (length == 0) {
        return 0;
    }
    const bool syn = (bytes[0] & 1) != 0;
    const auto segment = syn ? tcp_options_of::syn : tcp_options_of::other;
    length = length - 1 < 40 ? length - 1 : 40;
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[length]);
    std::memcpy(exact.get(), bytes + 1, length);
    const std::span<const uint8_t> options(exact.get(), length);

    const tcp_options found = parse_tcp_options(options, segment);
    require(same(found, read_naively(exact.get(), length, syn)), "parse_tcp_options");
    uint32_t value = 0;
    uint32_t echo = 0;
    if (parse_aligned_timestamp(options, &value, &echo)) {
        require(found.has_timestamp && found.timestamp_value == value && found.timestamp_echo == echo,
                "parse_aligned_timestamp");
    }
    check_written(found, segment);
    return 0;
}
