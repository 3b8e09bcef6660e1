#pragma once
// The kernel's random number generator: ChaCha20 with fast key erasure (every request replaces the key,
// so that what was handed out cannot be computed from a later state). Seeded at boot from RDRAND where
// the CPU has it, the time stamp counter's jitter, the realtime clock, and the `seed=` of the command
// line; seed= alone makes it repeatable for tests.

#include <cstddef>
#include <cstdint>

namespace task {

/// Seeds the generator. From kernel_main, once, as soon as the clocks run. seed_text is the value of
/// `seed=` or nullptr.
void initialise_random(const char* seed_text);

/// Fills memory with unpredictable bytes. Any context, never sleeps.
void random_bytes(void* to, size_t length);
uint64_t random_u64();

/// Mixes more unpredictability in: interrupt times, or what a user wrote to /dev/random. Any context.
void stir_random(const void* from, size_t length);

} // namespace task
