#pragma once
// The thread control block: what FS points at. The compiler expects the pointer to itself at offset 0 (thread
// local variables lie just below, at negative offsets: "variant II" of the ELF TLS document) and the stack
// protector's canary at offset 40.

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

namespace libc {

struct thread_control {
    thread_control* self;
    uintptr_t unused[4];
    uintptr_t canary; // fs:40
    int error;        // errno
    int id;           // the kernel's number; 0 once the thread has ended, with a futex wake
    void* result;
    void* mapping; // stack and control block, from mmap; null for the first thread
    size_t mapping_bytes;
    void* (*entry)(void*);
    void* argument;
    int state; // thread_state
    const void* keys[PTHREAD_KEYS_MAX];
};

static_assert(offsetof(thread_control, canary) == 40);

/// The calling thread.
inline thread_control* this_thread() {
    thread_control* self;
    asm("mov %%fs:0, %0" : "=r"(self));
    return self;
}

/// Bytes for one thread's local variables and control block.
size_t thread_block_bytes();

/// Prepares thread-local variables and a control block in zeroed memory of thread_block_bytes().
thread_control* initialise_thread_block(void* memory);

} // namespace libc
