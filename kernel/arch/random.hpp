#pragma once
// The kernel's random numbers: ChaCha20 with fast key erasure, seeded at boot from RDRAND (if present),
// time-stamp jitter and the real-time clock, or, to repeat a run, from the command line (seed=).

#include <cstddef>
#include <cstdint>

namespace arch {

/// Seeds the generator. Once, before the first random_bytes. seed_text may be nullptr.
void setup_random(const char* seed_text);

/// Fills the buffer with bytes nobody can guess. Any context; takes the random lock.
void random_bytes(void* buffer, size_t length_bytes);
uint64_t random_u64();

} // namespace arch
