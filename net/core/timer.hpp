#pragma once
// Timers of one stack, on its own wheel: adding, moving and removing are O(1), and nothing ticks while no
// timer is due. Expired timers run in stack::run(), in worker context, without any lock held.

#include "kernel/lib/list.hpp"
#include "net/port.hpp"

#include <cstdint>

namespace net {

class stack;

/// A function to call at a time. Embedded in the object that it serves. The function takes the lock of that
/// object first and then looks whether there is still something to do: cancel() cannot stop a call that
/// has already begun on another CPU, so the object must be kept alive by a reference while a timer is
/// pending.
struct timer {
    using function = void (*)(timer& expired);

    explicit timer(function on_expiry) : expire(on_expiry) {}

    /// When it is due; port::never: not pending. Any context, no lock: the owner asks without the wheel's
    /// lock whether moving the timer is worth taking it, and the worker may just be taking it off.
    port::time_ns due() const { return __atomic_load_n(&deadline, __ATOMIC_RELAXED); }

    function expire;
    port::time_ns deadline = port::never; ///< what due() tells; written under the wheel's lock, atomically
    lib::list_link link;
    uint8_t level = 0; ///< where it lies; the wheel's own
    uint8_t slot = 0;
};

class timer_wheel {
public:
    explicit timer_wheel(stack& owner);
    ~timer_wheel();

    /// Sets the timer to the deadline, pending or not. True if it was not pending before (so that an owner
    /// who counts references for pending timers takes one).
    bool set(timer& which, port::time_ns deadline);
    /// True if it was pending (so that such an owner gives one back).
    bool cancel(timer& which);

    /// Runs what is due and returns the next deadline, or port::never. Worker context, no lock held.
    port::time_ns run(port::time_ns now);
    port::time_ns next_deadline() const;
    unsigned pending() const { return pending_; }

private:
    static constexpr unsigned levels = 6;
    static constexpr unsigned slots_per_level = 64;
    static constexpr port::time_ns tick = port::millisecond;

    using slot = lib::list<timer, &timer::link>;

    static void set_deadline(timer& which, port::time_ns deadline) {
        __atomic_store_n(&which.deadline, deadline, __ATOMIC_RELAXED);
    }
    void place(timer& which);
    void put_again(unsigned level, unsigned index);
    void take_out(timer& which);
    bool next_event(unsigned* level, unsigned* index, uint64_t* at_tick) const;
    port::time_ns next_deadline_locked() const;

    stack& owner_;
    mutable port::lock lock_{port::lock_rank::timer};
    slot slots_[levels][slots_per_level];
    uint64_t occupied_[levels] = {}; ///< a bit per slot that is not empty
    uint64_t current_tick_ = 0;
    unsigned pending_ = 0;
    port::time_ns wake_at_ = port::never; ///< when the worker will look again by itself
};

} // namespace net
