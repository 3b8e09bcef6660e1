// The sum, 32 bytes per turn. Additions of 32-bit halves into 64-bit sums need no carry handling, because
// 2^32 of them fit; two sums keep the processor's (and an emulator's) additions independent.

#include "net/wire/checksum.hpp"

namespace net::wire {
namespace {

uint64_t load64(const uint8_t* at) {
    uint64_t word;
    __builtin_memcpy(&word, at, sizeof(word));
    return word;
}

constexpr uint64_t low_half = 0xffffffff;

/// The last 0 to 7 bytes of a run, as the low bytes of a word: memory order on this machine, and padded
/// with zeros at the end as RFC 1071 asks.
uint64_t load_tail(const uint8_t* at, size_t length) {
    uint64_t word = 0;
    for (size_t i = 0; i < length; i++) {
        word |= uint64_t{at[i]} << (8 * i);
    }
    return word;
}

} // namespace

uint64_t checksum_add(uint64_t sum, const void* bytes, size_t length) {
    const auto* at = static_cast<const uint8_t*>(bytes);
    uint64_t low = (sum & low_half) + (sum >> 32);
    uint64_t high = 0;
    for (; length >= 32; length -= 32, at += 32) {
        const uint64_t a = load64(at);
        const uint64_t b = load64(at + 8);
        const uint64_t c = load64(at + 16);
        const uint64_t d = load64(at + 24);
        low += (a & low_half) + (b & low_half) + (c & low_half) + (d & low_half);
        high += (a >> 32) + (b >> 32) + (c >> 32) + (d >> 32);
    }
    for (; length >= 8; length -= 8, at += 8) {
        const uint64_t word = load64(at);
        low += word & low_half;
        high += word >> 32;
    }
    const uint64_t tail = load_tail(at, length);
    low += tail & low_half;
    high += tail >> 32;
    return checksum_add_word(low, high);
}

uint64_t checksum_add_at(uint64_t sum, const void* bytes, size_t length, size_t offset_in_message) {
    if (offset_in_message % 2 == 0) {
        return checksum_add(sum, bytes, length);
    }
    const uint16_t swapped = lib::swap_bytes(checksum_fold(checksum_add(0, bytes, length)));
    return checksum_add_word(sum, swapped);
}

} // namespace net::wire
