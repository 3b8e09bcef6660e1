#pragma once
// The reaper: a kernel thread that frees what nobody standing on it can free. A dying thread cannot give
// back its own stack, and a CPU in the middle of a switch cannot tear down page tables.

#include "kernel/lib/result.hpp"

namespace mm {
class address_space;
}

namespace task {

struct thread;

/// Hands over the calling thread's count on itself; it must go on to schedule() as dead. Any context.
void reap_thread(thread& dead);
/// Hands over a space whose last count has been given back. Any context.
void reap_space(mm::address_space& dead);

/// Starts the reaper. Once. ENOMEM.
lib::result<void> start_reaper();

} // namespace task
