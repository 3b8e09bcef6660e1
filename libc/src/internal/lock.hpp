#pragma once
// A small lock for the library's own tables: 0 free, 1 held, 2 held and somebody sleeps (Drepper, "Futexes
// are tricky", mutex 2). Taking a free one is a single atomic instruction.

#include "libc/src/internal/syscall.hpp"
#include <kernel/abi/process.h>

namespace libc {

class lock {
public:
    void acquire() {
        int expected = 0;
        if (!__atomic_compare_exchange_n(&state_, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            wait();
        }
    }

    bool try_acquire() {
        int expected = 0;
        return __atomic_compare_exchange_n(&state_, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    }

    void release() {
        if (__atomic_exchange_n(&state_, 0, __ATOMIC_RELEASE) == 2) {
            call(SYS_futex, &state_, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
        }
    }

private:
    void wait() {
        while (__atomic_exchange_n(&state_, 2, __ATOMIC_ACQUIRE) != 0) {
            call(SYS_futex, &state_, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, nullptr);
        }
    }

    int state_ = 0;
};

/// Holds a lock as long as it lives.
class guard {
public:
    explicit guard(lock& held) : held_(held) { held_.acquire(); }
    ~guard() { held_.release(); }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

private:
    lock& held_;
};

} // namespace libc
