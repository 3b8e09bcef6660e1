#include "kernel/task/real_timer.hpp"

// The interval is read by the callback in irq context and changed by system calls, so it is guarded by
// details_lock like the other settings of a process. A timer that is set anew is stopped first: after
// stop() the callback is not running, hence cannot arm it again behind our back.

#include "kernel/arch/clock.hpp"
#include "kernel/lib/minmax.hpp"

namespace task {

namespace {

/// Between two signals. Shorter intervals are rounded up, as POSIX allows (getitimer, "granularity"): a
/// program that asks for one in a microsecond would get a machine that does nothing but send it signals.
constexpr uint64_t shortest_interval_ns = 1'000'000;

} // namespace

void real_timer_expired(timer& self, void* owner) {
    process& target = *static_cast<process*>(owner);
    send_signal(target, SIGALRM);
    const arch::spin_guard guard(target.details_lock);
    if (target.real_interval_ns != 0) {
        const uint64_t earliest_ns = arch::clock_now_ns() + shortest_interval_ns;
        const uint64_t room_ns = never - self.deadline_ns();
        const uint64_t next_ns = self.deadline_ns() + lib::min(target.real_interval_ns, room_ns);
        self.start(lib::max(next_ns, earliest_ns));
    }
}

real_timer_value get_real_timer() {
    process& self = current_process();
    const arch::spin_guard guard(self.details_lock);
    if (!self.real_timer.armed()) {
        return {0, self.real_interval_ns};
    }
    const uint64_t now_ns = arch::clock_now_ns();
    const uint64_t deadline_ns = self.real_timer.deadline_ns();
    return {deadline_ns > now_ns ? deadline_ns - now_ns : 1, self.real_interval_ns};
}

real_timer_value set_real_timer(const real_timer_value& value) {
    process& self = current_process();
    const real_timer_value before = get_real_timer();
    {
        const arch::spin_guard guard(self.details_lock);
        self.real_interval_ns = 0; // a callback in progress does not arm again
    }
    self.real_timer.stop();
    const arch::spin_guard guard(self.details_lock);
    self.real_interval_ns = value.interval_ns;
    if (value.remaining_ns != 0) {
        const uint64_t now_ns = arch::clock_now_ns();
        self.real_timer.start(value.remaining_ns < never - now_ns ? now_ns + value.remaining_ns : never);
    }
    return before;
}

} // namespace task
