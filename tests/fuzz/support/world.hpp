#pragma once
// The world of the fuzz targets: net/port.hpp without threads and without fibers, so that one execution costs
// microseconds. A virtual clock, random numbers that start anew with every input, locks whose order is
// checked, counted allocations of which one can be made to fail.
//
// There is one thread, so a call that would sleep cannot wait for another program: while it "sleeps" the
// stacks run and the clock moves on from timer to timer, until its condition holds, its deadline comes, or a
// signal interrupts it (after a few turns). What a blocking call needs of others must have been sent before.

#include "net/port.hpp"

#include <cstdint>
#include <span>

namespace fuzz {

/// Prints why, and ends the process as a failed sanitizer would.
[[noreturn]] void fail(const char* what);

inline void require(bool condition, const char* what) {
    if (!condition) [[unlikely]] {
        fail(what);
    }
}

struct world {
    static constexpr unsigned most_stacks = 2;

    net::port::time_ns now = 0;
    uint64_t random = 0;
    bool administrator = true;
    /// The n-th allocation from now on fails (1 is the next one); 0: none.
    unsigned fail_allocation = 0;
    bool fail_later_too = false;
    /// Part of user memory that is not there.
    std::span<const uint8_t> hole;

    uint64_t nodes = 0; ///< names of AF_UNIX in the file system: a bit per hash

    // Counted, and compared at the end of an input.
    int64_t live_allocations = 0;
    int64_t allocations_at_rest = 0; ///< what the stacks have when nothing is open
    int64_t live_files = 0;          ///< taken for AF_UNIX
    uint32_t held_ranks = 0;

    net::stack* stacks[most_stacks] = {};
    bool wanted[most_stacks] = {};                  ///< its worker was woken
    net::port::time_ns deadlines[most_stacks] = {}; ///< when it wants to run by itself

    /// A world without stacks, before time began.
    void begin();
    void add(net::stack& fresh);
    void remove(net::stack& gone);
    /// Runs the stacks until none has anything left to do at this moment.
    void settle();
    /// Lets so much time pass, timer by timer; after `most_timers` of them in one jump.
    void pass(net::port::time_ns duration, unsigned most_timers = 100);
    /// Goes on to the next deadline, at most to the limit. False when there is nothing before it.
    bool step(net::port::time_ns limit);
};

extern world the_world;

/// Where a simulated program has its buffers. Addresses outside fault.
constexpr size_t user_memory_bytes = 64 * 1024;
extern uint8_t user_memory[user_memory_bytes];

} // namespace fuzz
