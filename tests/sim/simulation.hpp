#pragma once
// One run of one scenario in the simulated world: what the seed decides, and what came out.

#include "sim/lab.hpp"

#include <cstdint>
#include <string>

namespace sim {

/// What a run is made from; equal plans have equal histories.
struct plan {
    const scenario* what = nullptr;
    uint64_t seed = 1;
};

struct outcome {
    uint64_t verified_bytes = 0;
    net::port::time_ns duration = 0; ///< virtual
};

/// Runs it to the end. A failure prints one line and ends the process.
outcome run_simulation(const plan& wanted);

} // namespace sim
