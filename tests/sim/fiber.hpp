#pragma once
// A fiber of the simulation: a stack of its own, entered and left by a switch of a few instructions
// (swapcontext() would ask the system to save the signal mask each time). Switches are announced to
// AddressSanitizer.

#include "net/port.hpp"
#include "sim/world.hpp"

#include <functional>
#include <string>

namespace sim {

class host;

/// The locks that somebody holds, in the order in which they were taken.
struct held_locks {
    static constexpr unsigned limit = 16;

    net::port::lock_rank ranks[limit];
    unsigned count = 0;

    bool empty() const { return count == 0; }
    net::port::lock_rank last() const { return ranks[count - 1]; }
    void add(net::port::lock_rank rank);
    void remove(net::port::lock_rank rank);
};

/// Memory for a fiber's stack, taken from those that ended before and given back to them.
class fiber_stack {
public:
    static constexpr size_t bytes = 256 * 1024;

    fiber_stack();
    ~fiber_stack() { give_back(); }
    fiber_stack(const fiber_stack&) = delete;
    fiber_stack& operator=(const fiber_stack&) = delete;

    char* bottom() const { return bottom_; }
    void give_back();

private:
    char* bottom_;
};

struct fiber {
    std::string name;
    std::function<void()> body;
    bool daemon = false;
    bool finished = false;
    bool queued = false;   ///< in the ready queue
    bool sleeping = false; ///< in world::sleep()
    wake_cause cause = wake_cause::none;
    net::port::time_ns deadline = net::port::never; ///< of the present sleep
    net::port::time_ns alarm = net::port::never;    ///< when the loop will look at the deadline
    bool interrupted = false;
    bool killed = false; ///< every call that could wait fails with EINTR, and the program ends
    held_locks held;
    uint64_t number = 0;     ///< counts up from 1 per world
    host* on = nullptr;      ///< whose program or worker it is
    fiber* joiner = nullptr; ///< waits for the end of this one

    void* stack_pointer = nullptr;
    fiber_stack stack;
    void* asan_stack = nullptr;

    /// Makes the first switch to this fiber call entry(), which never returns.
    void prepare(void (*entry)());
};

/// Leaves the running stack for another, whose pointer an earlier call saved.
extern "C" void sim_switch_stack(void** save_to, void* load);

} // namespace sim
