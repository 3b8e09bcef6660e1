#pragma once
// One run of one scenario in the simulated world: a plan goes in, an outcome comes out. A run that fails
// reports that and ends the process, for what it leaves behind cannot be trusted.

#include "sim/plan.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sim {

struct outcome {
    uint64_t verified_bytes = 0;
    net::port::time_ns first_verified_at = 0; ///< after the start
    net::port::time_ns last_verified_at = 0;
    net::port::time_ns duration = 0; ///< virtual, until the last program ended
    uint64_t steps = 0;
    uint64_t hash = 0; ///< of the whole history
    uint64_t retransmission_timeouts = 0;
    uint64_t retransmitted_segments = 0;
    uint64_t failed_allocations = 0;
};

/// What a failure is told to: its text and the virtual time. Must not return.
using failure_handler = void (*)(const plan& of, const char* text, net::port::time_ns when);

/// When rules are checked: all of them after every step, or most of them now and then, which takes a fraction
/// of the time.
enum class checks : uint8_t { strict, sampled };

struct run_options {
    std::string record_to;            ///< "": nothing; else PATH.pcapng and PATH.trace are written
    failure_handler failed = nullptr; ///< nullptr: prints the line and exits with 1
    net::port::time_ns* clock =
        nullptr; ///< told the virtual time after every step, for who watches from outside
    checks when = checks::strict;
    unsigned longest_s = 60; ///< of processor time: a run that takes longer spins
    /// Told every frame that reaches a host, and when, after the start.
    std::function<void(net::port::time_ns at, const std::vector<uint8_t>& frame)> arrived = nullptr;
};

/// "scenario bulk, seed 17, at 1.250000 s" and the command that replays it.
std::string describe_run(const plan& of, net::port::time_ns when);

outcome run_simulation(const plan& wanted, const run_options& options = {});

} // namespace sim
