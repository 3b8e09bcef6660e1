#pragma once
// One run of one scenario on real threads.

#include "sim/lab.hpp"

#include <chrono>
#include <cstdint>

namespace threads {

struct plan {
    const sim::scenario* what = nullptr;
    uint64_t seed = 1;
    unsigned scale_percent = 10; ///< of the sizes that a scenario names
    unsigned clock_speed = 8;
    std::chrono::seconds time_limit{300}; ///< 40 minutes of the stacks' clock
};

struct outcome {
    uint64_t verified_bytes = 0;
    std::chrono::steady_clock::duration duration{};
};

/// Runs it to the end. A failure prints one line and ends the process; what ThreadSanitizer finds it prints
/// itself.
outcome run(const plan& wanted);

} // namespace threads
