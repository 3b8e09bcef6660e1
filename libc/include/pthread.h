#pragma once
/* Threads. Functions return 0 or an errno value. Static initialisers are all zero. */

#include <kernel/abi/signal.h>
#include <kernel/abi/time.h>
#include <limits.h>
#include <sched.h>
#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

typedef struct {
    size_t stack_size;
    void* stack;
    int detached;
} pthread_attr_t;

typedef struct {
    int state; /* 0 free, 1 held, 2 held and waited for */
    int type;
    int owner;
    int depth;
} pthread_mutex_t;

typedef struct {
    int type;
} pthread_mutexattr_t;

typedef struct {
    int sequence; /* changes with each signal */
    int waiters;
    int clock;
} pthread_cond_t;

typedef struct {
    int clock;
} pthread_condattr_t;

typedef struct {
    int state; /* readers, or -1 for a writer */
    int waiting_writers;
    int sequence;
} pthread_rwlock_t;

typedef struct {
    int unused;
} pthread_rwlockattr_t;

typedef struct {
    int needed;
    int arrived;
    int round;
} pthread_barrier_t;

typedef struct {
    int unused;
} pthread_barrierattr_t;

typedef int pthread_once_t;
typedef unsigned int pthread_key_t;
typedef int pthread_spinlock_t;

#define PTHREAD_MUTEX_INITIALIZER                                                                            \
    { 0, 0, 0, 0 }
#define PTHREAD_COND_INITIALIZER                                                                             \
    { 0, 0, 0 }
#define PTHREAD_RWLOCK_INITIALIZER                                                                           \
    { 0, 0, 0 }
#define PTHREAD_ONCE_INIT 0

#define PTHREAD_CREATE_JOINABLE 0
#define PTHREAD_CREATE_DETACHED 1
#define PTHREAD_MUTEX_NORMAL 0
#define PTHREAD_MUTEX_RECURSIVE 1
#define PTHREAD_MUTEX_ERRORCHECK 2
#define PTHREAD_MUTEX_DEFAULT PTHREAD_MUTEX_NORMAL
#define PTHREAD_PROCESS_PRIVATE 0
#define PTHREAD_PROCESS_SHARED 1
#define PTHREAD_SCOPE_SYSTEM 0
#define PTHREAD_BARRIER_SERIAL_THREAD (-1)

__BEGIN_DECLS

/// Starts a thread that runs `entry(argument)`.
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*entry)(void*),
                   void* argument);
/// Waits for a thread's end and takes its result.
int pthread_join(pthread_t thread, void** result);
/// Has a thread clean up after itself.
int pthread_detach(pthread_t thread);
/// Ends the calling thread.
void pthread_exit(void* result) __no_return;
/// The calling thread.
pthread_t pthread_self(void);
/// Whether two are the same.
int pthread_equal(pthread_t left, pthread_t right);

/// Default attributes.
int pthread_attr_init(pthread_attr_t* attributes);
/// Nothing to do.
int pthread_attr_destroy(pthread_attr_t* attributes);
/// Joinable or detached.
int pthread_attr_setdetachstate(pthread_attr_t* attributes, int state);
/// Which of both.
int pthread_attr_getdetachstate(const pthread_attr_t* attributes, int* state);
/// Bytes of stack.
int pthread_attr_setstacksize(pthread_attr_t* attributes, size_t size);
/// Bytes of stack.
int pthread_attr_getstacksize(const pthread_attr_t* attributes, size_t* size);
/// Only PTHREAD_SCOPE_SYSTEM.
int pthread_attr_setscope(pthread_attr_t* attributes, int scope);

/// A fresh mutex.
int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes);
/// EBUSY while it is held.
int pthread_mutex_destroy(pthread_mutex_t* mutex);
/// Takes it.
int pthread_mutex_lock(pthread_mutex_t* mutex);
/// Takes it if it is free, else EBUSY.
int pthread_mutex_trylock(pthread_mutex_t* mutex);
/// Takes it, ETIMEDOUT when a moment of CLOCK_REALTIME passes first.
int pthread_mutex_timedlock(pthread_mutex_t* mutex, const struct timespec* deadline);
/// Gives it back.
int pthread_mutex_unlock(pthread_mutex_t* mutex);
/// Default attributes.
int pthread_mutexattr_init(pthread_mutexattr_t* attributes);
/// Nothing to do.
int pthread_mutexattr_destroy(pthread_mutexattr_t* attributes);
/// Normal, recursive or checked.
int pthread_mutexattr_settype(pthread_mutexattr_t* attributes, int type);

/// A fresh condition.
int pthread_cond_init(pthread_cond_t* condition, const pthread_condattr_t* attributes);
/// Nothing to do.
int pthread_cond_destroy(pthread_cond_t* condition);
/// Gives the mutex back, waits for a signal, takes the mutex again.
int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex);
/// The same, ETIMEDOUT when a moment of the condition's clock passes first.
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const struct timespec* deadline);
/// Wakes one waiting thread.
int pthread_cond_signal(pthread_cond_t* condition);
/// Wakes all waiting threads.
int pthread_cond_broadcast(pthread_cond_t* condition);
/// Default attributes.
int pthread_condattr_init(pthread_condattr_t* attributes);
/// Nothing to do.
int pthread_condattr_destroy(pthread_condattr_t* attributes);
/// CLOCK_REALTIME or CLOCK_MONOTONIC.
int pthread_condattr_setclock(pthread_condattr_t* attributes, clockid_t clock);

/// A fresh lock for many readers or one writer.
int pthread_rwlock_init(pthread_rwlock_t* lock, const pthread_rwlockattr_t* attributes);
/// Nothing to do.
int pthread_rwlock_destroy(pthread_rwlock_t* lock);
/// Takes it for reading.
int pthread_rwlock_rdlock(pthread_rwlock_t* lock);
/// Takes it for reading, or EBUSY.
int pthread_rwlock_tryrdlock(pthread_rwlock_t* lock);
/// Takes it for writing.
int pthread_rwlock_wrlock(pthread_rwlock_t* lock);
/// Takes it for writing, or EBUSY.
int pthread_rwlock_trywrlock(pthread_rwlock_t* lock);
/// Gives it back.
int pthread_rwlock_unlock(pthread_rwlock_t* lock);

/// A barrier for `count` threads.
int pthread_barrier_init(pthread_barrier_t* barrier, const pthread_barrierattr_t* attributes,
                         unsigned int count);
/// Nothing to do.
int pthread_barrier_destroy(pthread_barrier_t* barrier);
/// Waits until all are here; PTHREAD_BARRIER_SERIAL_THREAD in one of them.
int pthread_barrier_wait(pthread_barrier_t* barrier);

/// A free spin lock.
int pthread_spin_init(pthread_spinlock_t* lock, int shared);
/// Nothing to do.
int pthread_spin_destroy(pthread_spinlock_t* lock);
/// Takes it, spinning.
int pthread_spin_lock(pthread_spinlock_t* lock);
/// Takes it, or EBUSY.
int pthread_spin_trylock(pthread_spinlock_t* lock);
/// Gives it back.
int pthread_spin_unlock(pthread_spinlock_t* lock);

/// Calls `function` the first time, in one thread; the others wait for it.
int pthread_once(pthread_once_t* once, void (*function)(void));
/// A key under which each thread keeps a pointer; `destroy` is called for those left at a thread's end.
int pthread_key_create(pthread_key_t* key, void (*destroy)(void*));
/// Frees a key.
int pthread_key_delete(pthread_key_t key);
/// The calling thread's pointer.
void* pthread_getspecific(pthread_key_t key);
/// Sets the calling thread's pointer.
int pthread_setspecific(pthread_key_t key, const void* value);

/// Sends a signal to a thread.
int pthread_kill(pthread_t thread, int signal_number);
/// Changes the calling thread's blocked signals.
int pthread_sigmask(int how, const sigset_t* set, sigset_t* old);
/// Names a thread, at most 15 bytes.
int pthread_setname_np(pthread_t thread, const char* name);
/// Functions called before fork(), and after it in the parent and the child.
int pthread_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));

__END_DECLS
