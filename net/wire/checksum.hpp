#pragma once
// The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words.
// Sums are kept unfolded in 64 bits and in the byte order of the machine, in which the arithmetic works as
// well as in network order (RFC 1071 §2.B); only the folded result is stored, by be16::from_raw().
//
//   uint64_t sum = pseudo_header_sum(source, destination, IPPROTO_UDP, length);
//   header.checksum = be16::from_raw(checksum_finish(checksum_add(sum, &header, length)));

#include "kernel/lib/byte_order.hpp"

#include <cstddef>
#include <cstdint>

namespace net::wire {

/// Adds length bytes to a sum. When a sum is made of several runs, all but the last have an even length;
/// see checksum_add_at for the others.
uint64_t checksum_add(uint64_t sum, const void* bytes, size_t length);

/// Adds a run that starts at an arbitrary offset of the message: at an odd one its bytes change places.
uint64_t checksum_add_at(uint64_t sum, const void* bytes, size_t length, size_t offset_in_message);

/// One's complement addition of 64-bit words: the carry comes back in at the bottom.
constexpr uint64_t checksum_add_word(uint64_t sum, uint64_t word) {
    uint64_t total = 0;
    const bool carry = __builtin_add_overflow(sum, word, &total);
    return total + (carry ? 1 : 0);
}

/// The sum in 16 bits, not complemented: 0xffff or 0 for a message that holds a right checksum.
constexpr uint16_t checksum_fold(uint64_t sum) {
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(sum);
}

/// The checksum to store (raw: use be16::from_raw).
constexpr uint16_t checksum_finish(uint64_t sum) {
    return static_cast<uint16_t>(~checksum_fold(sum));
}

/// Whether a sum over a message that includes its checksum says that nothing was changed.
constexpr bool checksum_good(uint64_t sum) {
    return checksum_finish(sum) == 0;
}

/// The start of a UDP or TCP sum: addresses in host order, length of header and data.
constexpr uint64_t pseudo_header_sum(uint32_t source, uint32_t destination, uint8_t protocol,
                                     uint32_t length) {
    return uint64_t{lib::swap_bytes(source)} + lib::swap_bytes(destination) +
           lib::swap_bytes(static_cast<uint16_t>(protocol)) + lib::swap_bytes(static_cast<uint16_t>(length));
}

/// A checksum after one 16-bit word of the message changed (RFC 1624, equation 3). All values raw.
constexpr uint16_t checksum_update(uint16_t checksum, uint16_t old_word, uint16_t new_word) {
    return checksum_finish(uint64_t{static_cast<uint16_t>(~checksum)} + static_cast<uint16_t>(~old_word) +
                           new_word);
}

} // namespace net::wire
