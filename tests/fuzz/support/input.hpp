#pragma once
// The bytes that libFuzzer hands to a target, read from the front. Past the end everything is 0, so that
// every input means something and a shorter one means less.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace fuzz {

class input {
public:
    input(const uint8_t* bytes, size_t length) : at_(bytes), left_(length) {}

    bool empty() const { return left_ == 0; }
    size_t left() const { return left_; }

    uint8_t byte() {
        if (left_ == 0) {
            return 0;
        }
        left_--;
        return *at_++;
    }
    uint16_t word() {
        const auto high = static_cast<uint16_t>(byte() << 8);
        return static_cast<uint16_t>(high | byte());
    }
    uint32_t number() {
        const auto high = static_cast<uint32_t>(word()) << 16;
        return high | word();
    }
    /// A number below the bound, which is at most 256.
    unsigned below(unsigned bound) { return byte() % bound; }
    bool flip() { return (byte() & 1) != 0; }
    /// One of a list.
    template <class T, size_t count>
    const T& one_of(const T (&list)[count]) {
        static_assert(count <= 256);
        return list[below(count)];
    }
    /// Up to `most` bytes that are really there.
    std::span<const uint8_t> bytes(size_t most) {
        const size_t length = most < left_ ? most : left_;
        const std::span<const uint8_t> taken(at_, length);
        at_ += length;
        left_ -= length;
        return taken;
    }
    std::span<const uint8_t> rest() { return bytes(left_); }

private:
    const uint8_t* at_;
    size_t left_;
};

} // namespace fuzz
