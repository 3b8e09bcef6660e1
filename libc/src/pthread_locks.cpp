// Mutexes, conditions, read-write locks, barriers, spin locks, once: all on futexes.
//
// A mutex is the three-state word of internal/lock.hpp with owner and depth beside it for the recursive and
// the checking kind. A condition is a counter that every signal changes: a waiter sleeps only while it still
// has the value read before the mutex was released, so no signal between the two is lost.

#include "libc/src/internal/syscall.hpp"
#include "libc/src/internal/thread.hpp"

#include <errno.h>
#include <kernel/abi/process.h>
#include <limits.h>
#include <pthread.h>
#include <time.h>

namespace {

using libc::call;

int own_id() {
    return libc::this_thread()->id;
}

/// Sleeps while *word is `value`, until a moment of a clock if `deadline` is not null; ETIMEDOUT or 0.
int wait_on(int* word, int value, const struct timespec* deadline, int clock) {
    int operation =
        FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | (clock == CLOCK_REALTIME ? FUTEX_CLOCK_REALTIME : 0);
    long result = call(SYS_futex, word, operation, value, deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
    return result == -ETIMEDOUT ? ETIMEDOUT : result == -EINVAL ? EINVAL : 0;
}

void wake(int* word, int count) {
    call(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count);
}

bool take(int* state) {
    int expected = 0;
    return __atomic_compare_exchange_n(state, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/// Waits for a mutex that is held; ETIMEDOUT or 0.
int wait_for_mutex(pthread_mutex_t* mutex, const struct timespec* deadline) {
    while (__atomic_exchange_n(&mutex->state, 2, __ATOMIC_ACQUIRE) != 0) {
        int result = wait_on(&mutex->state, 2, deadline, CLOCK_REALTIME);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

/// A mutex the caller already has: deeper for a recursive one, an error for a checking one, -1 otherwise.
int handle_owned(pthread_mutex_t* mutex, int error) {
    if (mutex->type == PTHREAD_MUTEX_NORMAL || __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) != own_id()) {
        return -1;
    }
    if (mutex->type == PTHREAD_MUTEX_ERRORCHECK) {
        return error;
    }
    mutex->depth++;
    return 0;
}

int lock_until(pthread_mutex_t* mutex, const struct timespec* deadline) {
    int owned = handle_owned(mutex, EDEADLK);
    if (owned >= 0) {
        return owned;
    }
    int result = take(&mutex->state) ? 0 : wait_for_mutex(mutex, deadline);
    if (result == 0 && mutex->type != PTHREAD_MUTEX_NORMAL) {
        __atomic_store_n(&mutex->owner, own_id(), __ATOMIC_RELAXED);
    }
    return result;
}

} // namespace

extern "C" {

int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) {
    *mutex = {};
    mutex->type = attributes != nullptr ? attributes->type : PTHREAD_MUTEX_NORMAL;
    return 0;
}
int pthread_mutex_destroy(pthread_mutex_t* mutex) {
    return __atomic_load_n(&mutex->state, __ATOMIC_RELAXED) != 0 ? EBUSY : 0;
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
    return lock_until(mutex, nullptr);
}
int pthread_mutex_timedlock(pthread_mutex_t* mutex, const struct timespec* deadline) {
    return lock_until(mutex, deadline);
}

int pthread_mutex_trylock(pthread_mutex_t* mutex) {
    int owned = handle_owned(mutex, EBUSY);
    if (owned >= 0) {
        return owned;
    }
    if (!take(&mutex->state)) {
        return EBUSY;
    }
    if (mutex->type != PTHREAD_MUTEX_NORMAL) {
        __atomic_store_n(&mutex->owner, own_id(), __ATOMIC_RELAXED);
    }
    return 0;
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) {
    if (mutex->type != PTHREAD_MUTEX_NORMAL) {
        if (__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) != own_id()) {
            return EPERM;
        }
        if (mutex->depth > 0) {
            mutex->depth--;
            return 0;
        }
        __atomic_store_n(&mutex->owner, 0, __ATOMIC_RELAXED);
    }
    if (__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) == 2) {
        wake(&mutex->state, 1);
    }
    return 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t* attributes) {
    *attributes = {};
    return 0;
}
int pthread_mutexattr_destroy(pthread_mutexattr_t*) {
    return 0;
}
int pthread_mutexattr_settype(pthread_mutexattr_t* attributes, int type) {
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK) {
        return EINVAL;
    }
    attributes->type = type;
    return 0;
}

int pthread_cond_init(pthread_cond_t* condition, const pthread_condattr_t* attributes) {
    *condition = {};
    condition->clock = attributes != nullptr ? attributes->clock : CLOCK_REALTIME;
    return 0;
}
int pthread_cond_destroy(pthread_cond_t*) {
    return 0;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const struct timespec* deadline) {
    int sequence = __atomic_load_n(&condition->sequence, __ATOMIC_ACQUIRE);
    __atomic_add_fetch(&condition->waiters, 1, __ATOMIC_ACQ_REL);
    int depth = mutex->depth;
    mutex->depth = 0;
    pthread_mutex_unlock(mutex);
    int result = wait_on(&condition->sequence, sequence, deadline, condition->clock);
    __atomic_sub_fetch(&condition->waiters, 1, __ATOMIC_ACQ_REL);
    pthread_mutex_lock(mutex);
    mutex->depth = depth;
    return result;
}
int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    return pthread_cond_timedwait(condition, mutex, nullptr);
}

int pthread_cond_signal(pthread_cond_t* condition) {
    __atomic_add_fetch(&condition->sequence, 1, __ATOMIC_ACQ_REL);
    if (__atomic_load_n(&condition->waiters, __ATOMIC_ACQUIRE) > 0) {
        wake(&condition->sequence, 1);
    }
    return 0;
}
int pthread_cond_broadcast(pthread_cond_t* condition) {
    __atomic_add_fetch(&condition->sequence, 1, __ATOMIC_ACQ_REL);
    if (__atomic_load_n(&condition->waiters, __ATOMIC_ACQUIRE) > 0) {
        wake(&condition->sequence, INT_MAX);
    }
    return 0;
}

int pthread_condattr_init(pthread_condattr_t* attributes) {
    *attributes = {};
    return 0;
}
int pthread_condattr_destroy(pthread_condattr_t*) {
    return 0;
}
int pthread_condattr_setclock(pthread_condattr_t* attributes, clockid_t clock) {
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        return EINVAL;
    }
    attributes->clock = clock;
    return 0;
}

int pthread_rwlock_init(pthread_rwlock_t* lock, const pthread_rwlockattr_t*) {
    *lock = {};
    return 0;
}
int pthread_rwlock_destroy(pthread_rwlock_t*) {
    return 0;
}

int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock) {
    int readers = __atomic_load_n(&lock->state, __ATOMIC_RELAXED);
    while (readers >= 0 && __atomic_load_n(&lock->waiting_writers, __ATOMIC_RELAXED) == 0) {
        if (__atomic_compare_exchange_n(&lock->state, &readers, readers + 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return 0;
        }
    }
    return EBUSY;
}
int pthread_rwlock_trywrlock(pthread_rwlock_t* lock) {
    int expected = 0;
    bool taken =
        __atomic_compare_exchange_n(&lock->state, &expected, -1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    return taken ? 0 : EBUSY;
}
int pthread_rwlock_rdlock(pthread_rwlock_t* lock) {
    for (;;) {
        int sequence = __atomic_load_n(&lock->sequence, __ATOMIC_ACQUIRE);
        if (pthread_rwlock_tryrdlock(lock) == 0) {
            return 0;
        }
        wait_on(&lock->sequence, sequence, nullptr, CLOCK_REALTIME);
    }
}
int pthread_rwlock_wrlock(pthread_rwlock_t* lock) {
    __atomic_add_fetch(&lock->waiting_writers, 1,
                       __ATOMIC_ACQ_REL); // New readers wait, so writers do not starve.
    for (;;) {
        int sequence = __atomic_load_n(&lock->sequence, __ATOMIC_ACQUIRE);
        if (pthread_rwlock_trywrlock(lock) == 0) {
            __atomic_sub_fetch(&lock->waiting_writers, 1, __ATOMIC_ACQ_REL);
            return 0;
        }
        wait_on(&lock->sequence, sequence, nullptr, CLOCK_REALTIME);
    }
}
int pthread_rwlock_unlock(pthread_rwlock_t* lock) {
    int expected = -1;
    bool writer =
        __atomic_compare_exchange_n(&lock->state, &expected, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    if (writer || __atomic_sub_fetch(&lock->state, 1, __ATOMIC_RELEASE) == 0) {
        __atomic_add_fetch(&lock->sequence, 1, __ATOMIC_ACQ_REL);
        wake(&lock->sequence, INT_MAX);
    }
    return 0;
}

int pthread_barrier_init(pthread_barrier_t* barrier, const pthread_barrierattr_t*, unsigned int count) {
    *barrier = {static_cast<int>(count), 0, 0};
    return count > 0 ? 0 : EINVAL;
}
int pthread_barrier_destroy(pthread_barrier_t*) {
    return 0;
}
int pthread_barrier_wait(pthread_barrier_t* barrier) {
    int round = __atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == barrier->needed) {
        __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
        __atomic_add_fetch(&barrier->round, 1, __ATOMIC_RELEASE);
        wake(&barrier->round, INT_MAX);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while (__atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE) == round) {
        wait_on(&barrier->round, round, nullptr, CLOCK_REALTIME);
    }
    return 0;
}

int pthread_spin_init(pthread_spinlock_t* lock, int) {
    *lock = 0;
    return 0;
}
int pthread_spin_destroy(pthread_spinlock_t*) {
    return 0;
}
int pthread_spin_trylock(pthread_spinlock_t* lock) {
    return __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0 ? 0 : EBUSY;
}
int pthread_spin_lock(pthread_spinlock_t* lock) {
    while (pthread_spin_trylock(lock) != 0) {
        __builtin_ia32_pause();
    }
    return 0;
}
int pthread_spin_unlock(pthread_spinlock_t* lock) {
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
    return 0;
}

int pthread_once(pthread_once_t* once, void (*function)(void)) {
    enum { untouched, running, done };
    int expected = untouched;
    if (__atomic_compare_exchange_n(once, &expected, running, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
        function();
        __atomic_store_n(once, done, __ATOMIC_RELEASE);
        wake(once, INT_MAX);
        return 0;
    }
    while (__atomic_load_n(once, __ATOMIC_ACQUIRE) == running) {
        wait_on(once, running, nullptr, CLOCK_REALTIME);
    }
    return 0;
}

} // extern "C"
