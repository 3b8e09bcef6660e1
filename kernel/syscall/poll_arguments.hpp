#pragma once
// Timeouts and signal masks of the calls that wait for readiness.

#include "kernel/lib/result.hpp"

#include <cstdint>

namespace syscall {

/// The deadline of a timeout in milliseconds; a negative one never comes.
uint64_t deadline_after_ms(int timeout_ms);

/// Installs the signal mask of ppoll, pselect6, epoll_pwait for the time of the call; nothing if the address
/// is 0. EFAULT, EINVAL (size).
lib::result<void> use_temporary_mask(uint64_t address, uint64_t size_bytes);

} // namespace syscall
