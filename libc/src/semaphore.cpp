// Counting semaphores on futexes.

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <kernel/abi/process.h>
#include <limits.h>
#include <semaphore.h>

extern "C" {

int sem_init(sem_t* semaphore, int shared, unsigned int value) {
    if (shared != 0 || value > INT_MAX) {
        errno = shared != 0 ? ENOSYS : EINVAL;
        return -1;
    }
    *semaphore = {static_cast<int>(value), 0};
    return 0;
}
int sem_destroy(sem_t*) {
    return 0;
}

int sem_trywait(sem_t* semaphore) {
    int value = __atomic_load_n(&semaphore->value, __ATOMIC_RELAXED);
    while (value > 0) {
        if (__atomic_compare_exchange_n(&semaphore->value, &value, value - 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return 0;
        }
    }
    errno = EAGAIN;
    return -1;
}

int sem_timedwait(sem_t* semaphore, const struct timespec* deadline) {
    while (sem_trywait(semaphore) < 0) {
        __atomic_add_fetch(&semaphore->waiters, 1, __ATOMIC_ACQ_REL);
        long result = libc::call(SYS_futex, &semaphore->value,
                                 FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 0, deadline,
                                 nullptr, FUTEX_BITSET_MATCH_ANY);
        __atomic_sub_fetch(&semaphore->waiters, 1, __ATOMIC_ACQ_REL);
        if (result == -ETIMEDOUT || result == -EINTR || result == -EINVAL) {
            return static_cast<int>(libc::check(result));
        }
    }
    return 0;
}
int sem_wait(sem_t* semaphore) {
    return sem_timedwait(semaphore, nullptr);
}

int sem_post(sem_t* semaphore) {
    if (__atomic_load_n(&semaphore->value, __ATOMIC_RELAXED) == INT_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    __atomic_add_fetch(&semaphore->value, 1, __ATOMIC_ACQ_REL);
    if (__atomic_load_n(&semaphore->waiters, __ATOMIC_ACQUIRE) > 0) {
        libc::call(SYS_futex, &semaphore->value, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
    }
    return 0;
}

int sem_getvalue(sem_t* semaphore, int* value) {
    *value = __atomic_load_n(&semaphore->value, __ATOMIC_ACQUIRE);
    return 0;
}

} // extern "C"
