#pragma once
// TCP sequence numbers: 32 bits that wrap. `a < b` means that b lies ahead of a by less than half the
// circle (RFC 9293 §3.4), so comparing across the wrap is right by construction.

#include <cstdint>

namespace net::wire {

struct seq {
    uint32_t value = 0;

    constexpr seq() = default;
    constexpr explicit seq(uint32_t number) : value(number) {}

    constexpr seq operator+(uint32_t bytes) const { return seq(value + bytes); }
    constexpr seq operator-(uint32_t bytes) const { return seq(value - bytes); }
    constexpr seq& operator+=(uint32_t bytes) {
        value += bytes;
        return *this;
    }
    /// How far `this` lies ahead of other; negative when behind.
    constexpr int32_t operator-(seq other) const { return static_cast<int32_t>(value - other.value); }

    constexpr bool operator==(const seq&) const = default;
    constexpr bool operator<(seq other) const { return *this - other < 0; }
    constexpr bool operator<=(seq other) const { return *this - other <= 0; }
    constexpr bool operator>(seq other) const { return *this - other > 0; }
    constexpr bool operator>=(seq other) const { return *this - other >= 0; }
};

/// Whether first <= number < first + length on the circle.
constexpr bool within(seq number, seq first, uint32_t length) {
    return number.value - first.value < length;
}

} // namespace net::wire
