#pragma once
// ITIMER_REAL: alarm(2) and setitimer(2). One timer per process that sends SIGALRM.

#include "kernel/task/process.hpp"

namespace task {

struct real_timer_value {
    uint64_t remaining_ns; ///< 0: not armed
    uint64_t interval_ns;  ///< 0: once
};

/// Arms the timer of the calling process, or stops it with remaining_ns 0; returns what was left.
real_timer_value set_real_timer(const real_timer_value& value);
real_timer_value get_real_timer();

/// The callback of process::real_timer. irq context.
void real_timer_expired(timer& self, void* owner);

} // namespace task
