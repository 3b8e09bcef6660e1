#pragma once
// Between the kernel's nanoseconds and the user's structures. Every value from a program is checked here.

#include "kernel/abi/time.h"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace syscall {

/// Nanoseconds of a user's span or moment; saturates. EINVAL for negative or unnormalised values.
lib::result<uint64_t> checked_ns(const timespec& time);
lib::result<uint64_t> checked_ns(const timeval& time);

timespec timespec_of(uint64_t time_ns);
timeval timeval_of(uint64_t time_ns);

/// The moment span_ns from now on the monotonic clock; never on overflow.
uint64_t deadline_after(uint64_t span_ns);

} // namespace syscall
