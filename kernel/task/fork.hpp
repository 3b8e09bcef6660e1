#pragma once
// fork, vfork, clone: one function makes processes and threads, as on Linux.

#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {
class fd_table;
struct fs_context;
} // namespace fs

namespace task {

/// The arguments of clone(2), in the order of clone3's struct.
struct clone_request {
    uint64_t flags = 0; ///< CLONE_..., without the exit signal
    int exit_signal = 0;
    uint64_t stack = 0; ///< 0: the caller's
    uint64_t tls = 0;
    uint64_t parent_tid = 0; ///< user addresses
    uint64_t child_tid = 0;
};

/// Makes a child of the calling thread and returns its id. With CLONE_VFORK it returns when the child has
/// executed a program or ended. Process context. EINVAL, EAGAIN, ENOMEM.
lib::result<int> clone(const clone_request& request);

/// Makes process 1, which begins in kernel context with entry(argument) and is to execute a program.
/// Once. ENOMEM.
lib::result<void> create_first_process(void (*entry)(void*), void* argument, fs::fd_table* files,
                                       fs::fs_context* directories);

} // namespace task
