#pragma once
// One process of a round: its threads make calls until the round has enough.

#include <stdint.h>

/// What the watchdog sees of a thread. In memory that parent and children share.
struct thread_slot {
    int process; ///< 0 before it runs.
    int thread;
    uint32_t calls; ///< Made so far.
    int32_t number; ///< Of the call it is in.
};

constexpr int most_processes = 4;
constexpr int most_threads = 3;

struct round_state {
    uint64_t seed;
    uint32_t calls_per_thread;
    thread_slot slots[most_processes][most_threads];
};

/// For the child that is process `index` of the round. Does not return.
[[noreturn]] void run_process(round_state& round, int index);
