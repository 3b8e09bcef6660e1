#include "kernel/syscall/time.hpp"

// Clocks and sleeping. A sleep that a stop and a continue interrupted goes on until its old deadline:
// nanosleep leaves the deadline in the thread, and restart_syscall, which the signal code makes the
// program issue, sleeps the rest.

#include "kernel/abi/errno.h"
#include "kernel/arch/clock.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/time_values.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/timer.hpp"

namespace syscall {

namespace {

constexpr uint64_t second_ns = 1'000'000'000;

uint64_t wall_clock_ns() {
    return arch::clock_now_ns() + static_cast<uint64_t>(arch::clock_realtime_offset_ns());
}

lib::result<uint64_t> read_clock(int clock) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        return wall_clock_ns();
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        return arch::clock_now_ns();
    case CLOCK_PROCESS_CPUTIME_ID: {
        const task::usage used = task::usage_of(task::current_process());
        return used.user_ns + used.system_ns;
    }
    case CLOCK_THREAD_CPUTIME_ID:
        return uint64_t{task::time_of(task::current()).total_ns};
    default:
        return lib::error{EINVAL};
    }
}

lib::result<void> set_wall_clock(uint64_t time_ns) {
    if (!task::current_credentials().is_root()) {
        return lib::error{EPERM};
    }
    arch::set_clock_realtime_offset_ns(static_cast<int64_t>(time_ns - arch::clock_now_ns()));
    return {};
}

// Sleeps; on EINTR tells the rest and remembers the deadline for restart_syscall.
lib::result<void> sleep_and_tell_rest(uint64_t deadline_ns, uint64_t user_rest) {
    const lib::result<void> outcome = task::sleep_until(deadline_ns);
    if (outcome.ok()) {
        return {};
    }
    task::thread& self = task::current();
    self.restart_deadline_ns = deadline_ns;
    self.restart_rest_address = user_rest;
    if (user_rest != 0) {
        const uint64_t now_ns = arch::clock_now_ns();
        const uint64_t rest_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
        TRY(mm::store(mm::user_ptr<timespec>(user_rest), timespec_of(rest_ns)));
    }
    return outcome.error();
}

lib::result<void> nanosleep(uint64_t user_span, uint64_t user_rest) {
    const timespec span = TRY(mm::fetch(mm::user_ptr<const timespec>(user_span)));
    return sleep_and_tell_rest(deadline_after(TRY(checked_ns(span))), user_rest);
}

lib::result<void> clock_nanosleep(const arguments& args) {
    const int clock = args.as_int(0);
    const bool wall = clock == CLOCK_REALTIME;
    if (!wall && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) {
        return lib::error{clock == CLOCK_PROCESS_CPUTIME_ID ? ENOTSUP : EINVAL};
    }
    if ((args.as_int(1) & TIMER_ABSTIME) == 0) {
        return nanosleep(args[2], args[3]);
    }
    const timespec given = TRY(mm::fetch(mm::user_ptr<const timespec>(args[2])));
    uint64_t deadline_ns = TRY(checked_ns(given));
    if (wall) {
        const auto offset_ns = static_cast<uint64_t>(arch::clock_realtime_offset_ns());
        deadline_ns = deadline_ns > offset_ns ? deadline_ns - offset_ns : 0;
    }
    return sleep_and_tell_rest(deadline_ns, 0);
}

lib::result<void> tell_clock(int clock, uint64_t user_time) {
    const uint64_t time_ns = TRY(read_clock(clock));
    return mm::store(mm::user_ptr<timespec>(user_time), timespec_of(time_ns));
}

lib::result<void> set_clock(int clock, uint64_t user_time) {
    if (clock != CLOCK_REALTIME) {
        return lib::error{EINVAL};
    }
    const timespec given = TRY(mm::fetch(mm::user_ptr<const timespec>(user_time)));
    return set_wall_clock(TRY(checked_ns(given)));
}

} // namespace

lib::result<uint64_t> checked_ns(const timespec& time) {
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= static_cast<int64_t>(second_ns)) {
        return lib::error{EINVAL};
    }
    uint64_t total_ns;
    if (__builtin_mul_overflow(static_cast<uint64_t>(time.tv_sec), second_ns, &total_ns) ||
        __builtin_add_overflow(total_ns, static_cast<uint64_t>(time.tv_nsec), &total_ns)) {
        return task::never;
    }
    return total_ns;
}

lib::result<uint64_t> checked_ns(const timeval& time) {
    if (time.tv_usec < 0 || time.tv_usec >= 1'000'000) {
        return lib::error{EINVAL};
    }
    return checked_ns(timespec{time.tv_sec, time.tv_usec * 1000});
}

timespec timespec_of(uint64_t time_ns) {
    return {static_cast<int64_t>(time_ns / second_ns), static_cast<int64_t>(time_ns % second_ns)};
}

timeval timeval_of(uint64_t time_ns) {
    return {static_cast<int64_t>(time_ns / second_ns), static_cast<int64_t>(time_ns % second_ns / 1000)};
}

uint64_t deadline_after(uint64_t span_ns) {
    const uint64_t now_ns = arch::clock_now_ns();
    return span_ns < task::never - now_ns ? now_ns + span_ns : task::never;
}

long sys_clock_gettime(const arguments& args) {
    return lib::as_syscall(tell_clock(args.as_int(0), args[1]));
}

long sys_clock_settime(const arguments& args) {
    return lib::as_syscall(set_clock(args.as_int(0), args[1]));
}

long sys_clock_getres(const arguments& args) {
    const auto known = read_clock(args.as_int(0));
    if (!known.ok()) {
        return -known.error().number;
    }
    return args[1] == 0 ? 0 : lib::as_syscall(mm::store(mm::user_ptr<timespec>(args[1]), timespec{0, 1}));
}

long sys_nanosleep(const arguments& args) {
    return lib::as_syscall(nanosleep(args[0], args[1]));
}

long sys_clock_nanosleep(const arguments& args) {
    return lib::as_syscall(clock_nanosleep(args));
}

long sys_restart_syscall(const arguments&) {
    const task::thread& self = task::current();
    return lib::as_syscall(sleep_and_tell_rest(self.restart_deadline_ns, self.restart_rest_address));
}

long sys_gettimeofday(const arguments& args) {
    if (args[0] != 0 && !mm::store(mm::user_ptr<timeval>(args[0]), timeval_of(wall_clock_ns())).ok()) {
        return -EFAULT;
    }
    if (args[1] != 0 && !mm::store(mm::user_ptr<timezone>(args[1]), timezone{0, 0}).ok()) {
        return -EFAULT;
    }
    return 0;
}

long sys_settimeofday(const arguments& args) {
    if (args[0] == 0) {
        return 0; // only a time zone, which nobody here has
    }
    const auto given = mm::fetch(mm::user_ptr<const timeval>(args[0]));
    if (!given.ok()) {
        return -EFAULT;
    }
    const auto time_ns = checked_ns(given.value());
    return time_ns.ok() ? lib::as_syscall(set_wall_clock(time_ns.value())) : -EINVAL;
}

long sys_time(const arguments& args) {
    const auto seconds = static_cast<int64_t>(wall_clock_ns() / second_ns);
    if (args[0] != 0 && !mm::store(mm::user_ptr<int64_t>(args[0]), seconds).ok()) {
        return -EFAULT;
    }
    return seconds;
}

} // namespace syscall
