// Functions that fork() calls before and after; linked only by programs that register some.

#include "libc/src/internal/lock.hpp"

#include <errno.h>
#include <pthread.h>

namespace {

constexpr int most_registered = 32;

struct fork_functions {
    void (*before)();
    void (*in_parent)();
    void (*in_child)();
};

libc::lock fork_lock;
fork_functions registered[most_registered];
int registered_count;

} // namespace

extern "C" {

int pthread_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void)) {
    libc::guard hold(fork_lock);
    if (registered_count == most_registered) {
        return ENOMEM;
    }
    registered[registered_count++] = {before, in_parent, in_child};
    return 0;
}

/// Called by fork(): the youngest first.
void libc_before_fork() {
    fork_lock.acquire();
    for (int i = registered_count; i-- > 0;) {
        if (registered[i].before != nullptr) {
            registered[i].before();
        }
    }
}

/// Called by fork() in both processes: the oldest first.
void libc_after_fork(int in_child) {
    for (int i = 0; i < registered_count; i++) {
        void (*function)() = in_child ? registered[i].in_child : registered[i].in_parent;
        if (function != nullptr) {
            function();
        }
    }
    fork_lock.release();
}

} // extern "C"
