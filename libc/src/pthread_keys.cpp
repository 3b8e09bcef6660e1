// Pointers that each thread has for itself under a key, and functions around fork().

#include "libc/src/internal/lock.hpp"
#include "libc/src/internal/thread.hpp"

#include <errno.h>
#include <pthread.h>

namespace {

constexpr int destructor_rounds = 4; // as POSIX asks: destructors may set pointers again

struct key_entry {
    bool used;
    void (*destroy)(void*);
};

libc::lock keys_lock;
key_entry keys[PTHREAD_KEYS_MAX];

} // namespace

extern "C" {

int pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) {
    libc::guard hold(keys_lock);
    for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++) {
        if (!keys[i].used) {
            keys[i] = {true, destroy};
            *key = i;
            return 0;
        }
    }
    return EAGAIN;
}

int pthread_key_delete(pthread_key_t key) {
    libc::guard hold(keys_lock);
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used) {
        return EINVAL;
    }
    keys[key] = {};
    return 0;
}

void* pthread_getspecific(pthread_key_t key) {
    return key < PTHREAD_KEYS_MAX ? const_cast<void*>(libc::this_thread()->keys[key]) : nullptr;
}

int pthread_setspecific(pthread_key_t key, const void* value) {
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used) {
        return EINVAL;
    }
    libc::this_thread()->keys[key] = value;
    return 0;
}

/// Called by pthread_exit() for the calling thread.
void libc_destroy_keys(libc::thread_control* thread) {
    bool any = true;
    for (int round = 0; any && round < destructor_rounds; round++) {
        any = false;
        for (unsigned i = 0; i < PTHREAD_KEYS_MAX; i++) {
            void* value = const_cast<void*>(thread->keys[i]);
            thread->keys[i] = nullptr;
            if (value != nullptr && keys[i].destroy != nullptr) {
                keys[i].destroy(value);
                any = true;
            }
        }
    }
}

} // extern "C"
