// Threads: starting, ending, joining.
//
// A thread lives in one mapping: guard page, stack, thread-local variables, control block (whose address is
// the pthread_t). The kernel clears the control block's `id` and wakes its futex when the thread has left it
// (CLONE_CHILD_CLEARTID), which is what pthread_join() waits for; only then may the mapping go. Who unmaps it
// is decided by one atomic word: a joiner after the end, or the thread itself when it was detached first.

#include "libc/src/internal/lock.hpp"
#include "libc/src/internal/thread.hpp"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

extern "C" {

long libc_clone(unsigned long flags, void* stack, int* parent_id, int* child_id, void* control,
                long (*entry)(void*), void* argument);
[[noreturn]] void libc_exit_thread(void* mapping, size_t size);

} // extern "C"

namespace {

using libc::call;
using libc::thread_control;

constexpr size_t page_bytes = 4096;
constexpr size_t default_stack_bytes = 256 * 1024; // mapped lazily: only what is touched costs memory
constexpr unsigned long clone_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                                      CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |
                                      CLONE_CHILD_CLEARTID;

enum thread_state { joinable, detached, finished };

size_t round_up(size_t size) {
    return (size + page_bytes - 1) & ~(page_bytes - 1);
}

thread_control* control_of(pthread_t thread) {
    return reinterpret_cast<thread_control*>(thread);
}

long run_thread(void* control) {
    auto* self = static_cast<thread_control*>(control);
    pthread_exit(self->entry(self->argument));
}

/// Maps a thread's memory with a guard page below the stack; null when there is none.
char* map_thread(size_t size) {
    void* mapping =
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (mapping == MAP_FAILED) {
        return nullptr;
    }
    mprotect(mapping, page_bytes, PROT_NONE);
    return static_cast<char*>(mapping);
}

} // namespace

extern "C" {

// Destructors of thread-specific pointers are linked only by programs that have keys.
__attribute__((weak)) void libc_destroy_keys(thread_control* thread);

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*entry)(void*),
                   void* argument) {
    size_t stack =
        attributes != nullptr && attributes->stack_size != 0 ? attributes->stack_size : default_stack_bytes;
    size_t block = libc::thread_block_bytes();
    size_t size = page_bytes + round_up(stack + block);
    char* mapping = map_thread(size);
    if (mapping == nullptr) {
        return EAGAIN;
    }
    char* block_start = mapping + size - block;
    thread_control* made = libc::initialise_thread_block(block_start);
    made->canary = libc::this_thread()->canary;
    made->mapping = mapping;
    made->mapping_bytes = size;
    made->entry = entry;
    made->argument = argument;
    made->state = attributes != nullptr && attributes->detached != 0 ? detached : joinable;
    *thread = reinterpret_cast<pthread_t>(made);
    long id = libc_clone(clone_flags, block_start, &made->id, &made->id, made, run_thread, made);
    if (id < 0) {
        munmap(mapping, size);
        return static_cast<int>(-id);
    }
    return 0;
}

void pthread_exit(void* result) {
    thread_control* self = libc::this_thread();
    self->result = result;
    if (libc_destroy_keys != nullptr) {
        libc_destroy_keys(self);
    }
    if (self->mapping == nullptr) { // The first thread: the process lives on until the others have ended.
        for (;;) {
            call(SYS_exit, 0);
        }
    }
    int expected = joinable;
    if (__atomic_compare_exchange_n(&self->state, &expected, finished, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        for (;;) {
            call(SYS_exit, 0); // The joiner unmaps.
        }
    }
    // Detached: no handler may run on a stack that goes away, and the kernel must not clear a freed id.
    sigset_t all = ~0ull;
    call(SYS_rt_sigprocmask, SIG_SETMASK, &all, nullptr, sizeof all);
    call(SYS_set_tid_address, nullptr);
    libc_exit_thread(self->mapping, self->mapping_bytes);
}

int pthread_join(pthread_t thread, void** result) {
    thread_control* joined = control_of(thread);
    if (joined == libc::this_thread()) {
        return EDEADLK;
    }
    if (__atomic_load_n(&joined->state, __ATOMIC_ACQUIRE) == detached) {
        return EINVAL;
    }
    while (int id = __atomic_load_n(&joined->id, __ATOMIC_ACQUIRE)) {
        call(SYS_futex, &joined->id, FUTEX_WAIT, id,
             nullptr); // Not private: the kernel wakes a shared futex.
    }
    if (result != nullptr) {
        *result = joined->result;
    }
    if (joined->mapping != nullptr) {
        munmap(joined->mapping, joined->mapping_bytes);
    }
    return 0;
}

int pthread_detach(pthread_t thread) {
    int expected = joinable;
    if (__atomic_compare_exchange_n(&control_of(thread)->state, &expected, detached, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        return 0;
    }
    return expected == finished ? pthread_join(thread, nullptr) : EINVAL;
}

pthread_t pthread_self(void) {
    return reinterpret_cast<pthread_t>(libc::this_thread());
}
int pthread_equal(pthread_t left, pthread_t right) {
    return left == right;
}

int pthread_attr_init(pthread_attr_t* attributes) {
    *attributes = {};
    return 0;
}
int pthread_attr_destroy(pthread_attr_t*) {
    return 0;
}
int pthread_attr_setdetachstate(pthread_attr_t* attributes, int state) {
    attributes->detached = state;
    return state == PTHREAD_CREATE_JOINABLE || state == PTHREAD_CREATE_DETACHED ? 0 : EINVAL;
}
int pthread_attr_getdetachstate(const pthread_attr_t* attributes, int* state) {
    *state = attributes->detached;
    return 0;
}
int pthread_attr_setstacksize(pthread_attr_t* attributes, size_t size) {
    if (size < PTHREAD_STACK_MIN) {
        return EINVAL;
    }
    attributes->stack_size = size;
    return 0;
}
int pthread_attr_getstacksize(const pthread_attr_t* attributes, size_t* size) {
    *size = attributes->stack_size != 0 ? attributes->stack_size : default_stack_bytes;
    return 0;
}
int pthread_attr_setscope(pthread_attr_t*, int scope) {
    return scope == PTHREAD_SCOPE_SYSTEM ? 0 : ENOTSUP;
}

int pthread_setname_np(pthread_t thread, const char* name) {
    if (strlen(name) > 15) {
        return ERANGE;
    }
    if (control_of(thread) != libc::this_thread()) {
        return ENOTSUP; // prctl() names the caller only.
    }
    return prctl(PR_SET_NAME, name) < 0 ? errno : 0;
}

int clone(int (*function)(void*), void* stack, int flags, void* argument, ...) {
    va_list list;
    va_start(list, argument);
    auto* parent_id = va_arg(list, int*);
    void* control = va_arg(list, void*);
    auto* child_id = va_arg(list, int*);
    va_end(list);
    auto entry = reinterpret_cast<long (*)(void*)>(reinterpret_cast<void*>(function));
    long id = libc_clone(static_cast<unsigned>(flags), stack, parent_id, child_id, control, entry, argument);
    return static_cast<int>(libc::check(id));
}

} // extern "C"
