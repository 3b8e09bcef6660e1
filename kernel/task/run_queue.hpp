#pragma once
// One CPU's run queue: private to scheduler.cpp and load.cpp.

#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/task/thread.hpp"
#include "kernel/task/timer.hpp"

#include <cstdint>

namespace task {

struct run_queue {
    explicit run_queue(arch::percpu& of);

    arch::percpu* const cpu;

    arch::spinlock lock{lib::lock_rank::run_queue};

    // Guarded by lock.
    lib::list<thread, &thread::run_link> ready; ///< by virtual run time; without the running thread
    unsigned ready_count = 0;
    thread* running = nullptr;
    thread* idle = nullptr;
    thread* fpu_owner = nullptr; ///< whose FPU state the registers still hold
    uint64_t clock_ns = 0;       ///< virtual time: no thread in the queue is behind it
    uint64_t idle_ns = 0;
    lib::ref<mm::address_space> space;    ///< the page tables that are loaded
    mm::address_space* dropped = nullptr; ///< those before; the next finish_switch gives the count back

    /// Ends the slice of the running thread; armed while others are ready.
    timer slice;
};

/// The queue of a CPU; nullptr if it does not run.
run_queue* queue_of_cpu(unsigned cpu);

/// Puts a queue to work on the calling CPU: `running` is the calling context, `idle` gets its entry.
void adopt_cpu(run_queue& queue, thread& running, thread& idle);

/// Starts the sampling of the load averages.
void start_load_sampling();

} // namespace task
