// SipHash-2-4. Two rounds per eight bytes of message, four at the end; the last word carries the
// length in its top byte.

#include "kernel/lib/siphash.hpp"

#include <bit>

namespace lib {
namespace {

struct sip_state {
    uint64_t v0, v1, v2, v3;

    explicit sip_state(const siphash_key& key)
        : v0(key.low ^ 0x736f6d6570736575), v1(key.high ^ 0x646f72616e646f6d),
          v2(key.low ^ 0x6c7967656e657261), v3(key.high ^ 0x7465646279746573) {}

    void round() {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }

    void absorb(uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }

    uint64_t finish() {
        v2 ^= 0xff;
        for (int i = 0; i < 4; i++) {
            round();
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }
};

} // namespace

uint64_t siphash(const siphash_key& key, const void* data, size_t length_bytes) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    sip_state state(key);
    const size_t whole = length_bytes & ~size_t{7};
    for (size_t at = 0; at < whole; at += 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes + at, 8);
        state.absorb(word);
    }
    uint64_t last = uint64_t{length_bytes} << 56;
    for (size_t at = whole; at < length_bytes; at++) {
        last |= uint64_t{bytes[at]} << (8 * (at - whole));
    }
    state.absorb(last);
    return state.finish();
}

} // namespace lib
