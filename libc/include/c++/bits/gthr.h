// Threads as the compiler's own C++ headers ask for them: mutexes, and whether there may be several threads,
// which decides that std::shared_ptr counts atomically. std::thread and std::mutex are not here: use <pthread.h>.
#ifndef LUMOS_CXX_GTHR
#define LUMOS_CXX_GTHR

#include <pthread.h>

using __gthread_mutex_t = pthread_mutex_t;
using __gthread_recursive_mutex_t = pthread_mutex_t;

#define __GTHREAD_MUTEX_INIT PTHREAD_MUTEX_INITIALIZER
#define __GTHREAD_RECURSIVE_MUTEX_INIT                                                                         \
    { 0, PTHREAD_MUTEX_RECURSIVE, 0, 0 }

/// Whether there may be several threads.
inline int __gthread_active_p() { return 1; }
/// Takes a mutex.
inline int __gthread_mutex_lock(__gthread_mutex_t* mutex) { return pthread_mutex_lock(mutex); }
/// Gives a mutex back.
inline int __gthread_mutex_unlock(__gthread_mutex_t* mutex) { return pthread_mutex_unlock(mutex); }
/// Takes a recursive mutex.
inline int __gthread_recursive_mutex_lock(__gthread_recursive_mutex_t* mutex) { return pthread_mutex_lock(mutex); }
/// Gives a recursive mutex back.
inline int __gthread_recursive_mutex_unlock(__gthread_recursive_mutex_t* mutex) {
    return pthread_mutex_unlock(mutex);
}

#endif
