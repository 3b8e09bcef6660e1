#pragma once
// What flows in simulated transfers: bytes that depend on the stream and on their place in it, so that a byte
// that is lost, doubled, moved or of another stream is noticed. Eight at a time (splitmix64), so that
// checking every byte costs little.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sim {

class content {
public:
    explicit content(uint64_t stream) : stream_(stream * 0xd1342543de82ef95) {}

    /// The next bytes of the stream.
    void fill(void* to, size_t length) {
        auto* out = static_cast<uint8_t*>(to);
        walk(length, [&](const uint8_t* bytes, size_t run) {
            std::memcpy(out, bytes, run);
            out += run;
            return true;
        });
    }

    /// Whether these are the next bytes of the stream. If not, position() is at or a little before the fault.
    bool matches(const void* bytes, size_t length) {
        const auto* in = static_cast<const uint8_t*>(bytes);
        return walk(length, [&](const uint8_t* expected, size_t run) {
            const bool same = std::memcmp(in, expected, run) == 0;
            in += run;
            return same;
        });
    }

    uint64_t position() const { return position_; }

private:
    uint64_t word(uint64_t index) const {
        uint64_t z = stream_ + (index + 1) * 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }

    template <class Visitor>
    bool walk(size_t length, Visitor visit) {
        constexpr size_t words = 128;
        uint64_t chunk[words];
        while (length != 0) {
            const size_t skipped = position_ % sizeof(uint64_t);
            const uint64_t first = position_ / sizeof(uint64_t);
            size_t run = sizeof(chunk) - skipped;
            run = run < length ? run : length;
            for (size_t i = 0; i * sizeof(uint64_t) < skipped + run; i++) {
                chunk[i] = word(first + i);
            }
            if (!visit(reinterpret_cast<const uint8_t*>(chunk) + skipped, run)) {
                return false;
            }
            position_ += run;
            length -= run;
        }
        return true;
    }

    uint64_t stream_;
    uint64_t position_ = 0;
};

} // namespace sim
