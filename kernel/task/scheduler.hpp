#pragma once
// The scheduler: which thread runs on a CPU. Each CPU has a run queue, ordered by virtual run time: the
// thread that had least of the CPU, weighted by its nice value, runs next; one that wakes after a sleep
// runs soon but cannot hoard. A slice ends by a one-shot timer, armed only while somebody else wants
// the CPU. The lock of a run queue is held across the switch itself and released by the thread switched
// to, so no CPU ever sees a thread that is half switched.

#include <cstdint>

namespace task {

struct thread;

/// Makes the calling context the first thread and prepares the run queues; from kernel_main, once, when
/// interrupts and kmalloc work. From here on wait queues and mutexes may be used.
void initialize();

/// Gives up the CPU; the state of the current thread says whether it comes back by itself. Low level:
/// sleep through wait_queue. Process and worker context, no spinlock held.
void schedule();
/// Lets others run first; the caller stays runnable.
void yield();
/// Makes a sleeping thread runnable; nothing if it is awake. Any context.
void wake(thread& sleeper);

/// Threads ready or running, for /proc/loadavg; and the averages over 1, 5, 15 minutes (16.16 fixed point).
unsigned runnable_threads();
void load_averages(uint32_t (&averages)[3]);
/// Time the boot CPU had nothing to do, since boot.
uint64_t idle_time_ns();

} // namespace task
