#pragma once
// Futexes: sleeping on a word of user memory, the one primitive under every lock of a threads library.
// Implements futex(2): WAIT, WAKE, WAIT_BITSET, WAKE_BITSET, REQUEUE, CMP_REQUEUE.

#include "kernel/lib/result.hpp"

#include <cstdint>

namespace task {

struct thread;

/// futex(2); operation with its flags as the user passed it. Process context. EAGAIN, EINTR, ETIMEDOUT,
/// EFAULT, EINVAL, ENOSYS.
lib::result<long> futex(uint64_t address, int operation, uint32_t value, uint64_t timeout_or_count,
                        uint64_t address2, uint32_t value3);

/// Wakes up to `count` waiters of the word; for CLONE_CHILD_CLEARTID and robust lists.
void futex_wake(uint64_t address, unsigned count);

/// The thread dies or executes: tells the waiters of the robust mutexes it holds. Process context, in the
/// memory that the list is in.
void release_robust_list(thread& dying);

} // namespace task
