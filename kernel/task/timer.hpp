#pragma once
// Software timers of the kernel: a deadline on the monotonic clock and a function that runs once when it
// has passed. One sorted list per machine behind one spinlock; the hardware is armed for its first entry
// only, so an idle machine takes no ticks. (The network stack keeps timers of its own in net/core/timer.)

#include "kernel/lib/list.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace task {

/// "No deadline": the value that means to wait for ever.
inline constexpr uint64_t never = ~uint64_t{0};

/// A timer belongs to whoever embeds it; it must be stopped before it is destroyed.
class timer {
public:
    using callback_function = void (*)(timer& self, void* context);

    timer(callback_function callback, void* context) : callback_(callback), context_(context) {}
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;

    /// Arms (or moves) the timer: callback runs once, in irq context, at or soon after deadline_ns of
    /// arch::clock_now_ns(). The callback may start its own timer again. Any context, never sleeps.
    void start(uint64_t deadline_ns);

    /// Disarms the timer. After the return the callback is not running and will not run (unless it is
    /// the callback itself that calls). Any context, never sleeps; may spin while another CPU runs the
    /// callback, so hold no lock that the callback takes.
    void stop();

    bool armed() const { return link_.linked(); }
    uint64_t deadline_ns() const { return deadline_ns_; }

private:
    friend struct timer_list;
    lib::list_link link_;
    uint64_t deadline_ns_ = never;
    callback_function callback_;
    void* context_;
};

/// Before the first timer is started. Once.
void initialize_timers();

/// Sleeps until the clock reaches deadline_ns. Process or worker context. EINTR when a signal came first.
lib::result<void> sleep_until(uint64_t deadline_ns);

} // namespace task
