#include "kernel/arch/random.hpp"

// One generator for the machine. The key is hashed forward by stir(); a request encrypts zeros and
// uses the first half of the first block as the next key ("fast key erasure", Bernstein 2017), so the
// state in memory never tells what was given out before.
//
// Invariant: `key` is only read and replaced under `lock`. Output is made outside of it from a key of its
// own, so a large request holds nobody up.

#include "kernel/arch/clock.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/chacha20.hpp"
#include "kernel/lib/string.hpp"

namespace arch {

namespace {

spinlock lock{lib::lock_rank::random};
lib::chacha20_key key;
constexpr uint32_t nonce[3] = {};

struct block {
    uint32_t words[16];
};
static_assert(sizeof(block) == 64);

// Replaces the key and returns the other half of the block, which is as good a key.
lib::chacha20_key next_key() {
    const spin_guard guard(lock);
    block output;
    lib::chacha20_block(key, 0, nonce, output.words);
    memcpy(&key, output.words, sizeof key);
    lib::chacha20_key fresh;
    memcpy(&fresh, output.words + 8, sizeof fresh);
    memset(&output, 0, sizeof output);
    return fresh;
}

void stir(const void* from, size_t length) {
    const auto* bytes = static_cast<const unsigned char*>(from);
    while (length > 0) {
        const size_t piece = length < sizeof key ? length : sizeof key;
        const spin_guard guard(lock);
        unsigned char mixed[sizeof key] = {};
        memcpy(mixed, bytes, piece);
        for (size_t i = 0; i < sizeof key / 4; i++) {
            uint32_t word;
            memcpy(&word, mixed + 4 * i, sizeof word);
            key.words[i] ^= word;
        }
        block output;
        lib::chacha20_block(key, 1, nonce, output.words);
        memcpy(&key, output.words, sizeof key);
        bytes += piece;
        length -= piece;
    }
}

// The low bits of how long a piece of work takes vary with caches and interrupts.
void stir_time_stamp_jitter() {
    for (int i = 0; i < 64; i++) {
        const uint64_t stamp = read_tsc();
        stir(&stamp, sizeof stamp);
    }
}

// RDRAND may run dry for a moment (Intel SDM 1, 7.3.17): the carry flag tells.
bool hardware_random(uint64_t& word) {
    bool valid = false;
    for (int attempt = 0; attempt < 10 && !valid; attempt++) {
        asm volatile("rdrand %0" : "=r"(word), "=@ccc"(valid));
    }
    return valid;
}

} // namespace

void setup_random(const char* seed_text) {
    if (seed_text != nullptr) {
        stir(seed_text, strlen(seed_text));
        return;
    }
    for (int i = 0; i < 4 && features().rdrand; i++) {
        uint64_t word = 0;
        if (hardware_random(word)) {
            stir(&word, sizeof word);
        }
    }
    const int64_t wall_clock = clock_realtime_offset_ns();
    stir(&wall_clock, sizeof wall_clock);
    stir_time_stamp_jitter();
}

void random_bytes(void* to, size_t length) {
    lib::chacha20_key own = next_key();
    auto* bytes = static_cast<unsigned char*>(to);
    block output;
    for (uint32_t counter = 0; length > 0; counter++) {
        lib::chacha20_block(own, counter, nonce, output.words);
        const size_t piece = length < sizeof output ? length : sizeof output;
        memcpy(bytes, output.words, piece);
        bytes += piece;
        length -= piece;
    }
    memset(&own, 0, sizeof own);
    memset(&output, 0, sizeof output);
}

uint64_t random_u64() {
    uint64_t word;
    random_bytes(&word, sizeof word);
    return word;
}

} // namespace arch
