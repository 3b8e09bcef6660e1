#pragma once
// Integers as they stand on the wire: big-endian, at any alignment. A field of such a type cannot be
// mixed up with a number of the machine: reading and writing go through the conversions here.

#include <cstdint>

namespace lib {

constexpr uint16_t swap_bytes(uint16_t value) {
    return __builtin_bswap16(value);
}
constexpr uint32_t swap_bytes(uint32_t value) {
    return __builtin_bswap32(value);
}
constexpr uint64_t swap_bytes(uint64_t value) {
    return __builtin_bswap64(value);
}

template <class T>
class [[gnu::packed]] big_endian {
public:
    constexpr big_endian() = default;
    constexpr big_endian(T host) : raw_(swap_bytes(host)) {}
    constexpr operator T() const { return swap_bytes(raw_); }

    /// The bytes as the machine sees them; for checksums and for sockaddr fields, which are big-endian too.
    constexpr T raw() const { return raw_; }
    static constexpr big_endian from_raw(T raw) {
        big_endian value;
        value.raw_ = raw;
        return value;
    }

private:
    T raw_ = 0;
};

using be16 = big_endian<uint16_t>;
using be32 = big_endian<uint32_t>;
using be64 = big_endian<uint64_t>;

static_assert(sizeof(be16) == 2 && alignof(be16) == 1);
static_assert(sizeof(be32) == 4 && alignof(be32) == 1);
static_assert(sizeof(be64) == 8 && alignof(be64) == 1);

} // namespace lib
