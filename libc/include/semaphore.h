#pragma once
/* Counting semaphores between threads. -1 with errno is failure. */

#include <kernel/abi/time.h>
#include <sys/cdefs.h>

typedef struct {
    int value;
    int waiters;
} sem_t;

__BEGIN_DECLS

/// A semaphore with a first value; only for the threads of one process.
int sem_init(sem_t* semaphore, int shared, unsigned int value);
/// Nothing to do.
int sem_destroy(sem_t* semaphore);
/// Waits until the value is above 0, then takes one.
int sem_wait(sem_t* semaphore);
/// Takes one if the value is above 0, else EAGAIN.
int sem_trywait(sem_t* semaphore);
/// sem_wait(), ETIMEDOUT when a moment of CLOCK_REALTIME passes first.
int sem_timedwait(sem_t* semaphore, const struct timespec* deadline);
/// Adds one and wakes a waiter.
int sem_post(sem_t* semaphore);
/// Stores the value.
int sem_getvalue(sem_t* semaphore, int* value);

__END_DECLS
