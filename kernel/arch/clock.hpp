#pragma once
// Time. The monotonic clock is the time-stamp counter, calibrated once against the PIT; wall-clock time
// is an offset to it, read from the real-time clock at boot. One one-shot timer per CPU.

#include <cstdint>

namespace arch {

/// Calibrates the counter and the timer (about 5 ms) and reads the real-time clock. Once, after
/// setup_interrupt_controllers.
void setup_clock();

/// Nanoseconds since boot, never going backwards. Any context, lock-free.
uint64_t clock_now_ns();

/// What to add to clock_now_ns() for nanoseconds since 1970 UTC; settimeofday sets it. Any context.
int64_t clock_realtime_offset_ns();
void set_clock_realtime_offset_ns(int64_t offset_ns);

constexpr uint64_t timer_never = ~0ull;

/// Lets task::timer_interrupt() be called in irq context at deadline_ns or a little later, or earlier
/// when the deadline is beyond the timer's range: the hook looks at the clock and arms again. The last
/// call wins; timer_never disarms. A deadline in the past fires at once. Interrupts off, this CPU.
void arm_timer(uint64_t deadline_ns);

/// Waits for the next interrupt without burning the host. Called with interrupts off, after checking that
/// nothing is to do; returns with interrupts on.
void idle_wait();

/// Busy wait, for hardware that needs microseconds.
void delay_us(uint32_t microseconds);

uint64_t tsc_frequency_hz();

} // namespace arch
