#pragma once
// Threads that live in the kernel only: the net worker, the reaper, drivers' workers.

#include "kernel/lib/result.hpp"

namespace task {

struct thread;

/// Starts a kernel thread; it runs entry(argument) in worker context (may sleep) and ends when entry
/// returns. The name (at most 15 characters are kept) shows in gdb and panics. Started at nice -5. The
/// pointer is good as long as entry runs. ENOMEM.
lib::result<thread*> create_kernel_thread(const char* name, void (*entry)(void*), void* argument);

} // namespace task
