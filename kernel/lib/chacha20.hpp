#pragma once
// The ChaCha20 block function (RFC 8439 2.3): 64 unpredictable bytes from a key and a counter. Pure.

#include <cstdint>

namespace lib {

struct chacha20_key {
    uint32_t words[8];
};

/// One block of the key stream, 16 little-endian words.
void chacha20_block(const chacha20_key& key, uint32_t counter, const uint32_t (&nonce)[3],
                    uint32_t (&output)[16]);

} // namespace lib
