#pragma once
// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of short messages. Tables that a peer can
// fill, and numbers that it must not guess, are derived with it.

#include <cstddef>
#include <cstdint>

namespace lib {

struct siphash_key {
    uint64_t low;
    uint64_t high;
};

/// The 64-bit tag of length_bytes of data under the key.
uint64_t siphash(const siphash_key& key, const void* data, size_t length_bytes);

} // namespace lib
