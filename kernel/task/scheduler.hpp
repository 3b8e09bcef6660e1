#pragma once
// The scheduler: which thread runs on a CPU. Each CPU has a run queue, ordered by virtual run time: the
// thread that had least of the CPU, weighted by its nice value, runs next; one that wakes after a sleep
// runs soon but cannot hoard. A slice ends by a timer, armed only while somebody else wants the CPU.

#include "kernel/lib/ref.hpp"
#include "kernel/mm/address_space.hpp"

#include <cstdint>

namespace task {

struct thread;

/// Makes the calling context the first thread, starts the idle thread and the reaper. From kernel_main,
/// once, with kmalloc and clocks running. From here on threads may be made and may sleep.
void initialize();

/// Gives up the CPU; the state of the current thread says whether it comes back by itself. Low level:
/// sleep through wait_queue. Process and worker context, no spinlock held.
void schedule();
/// Lets others run first; the caller stays runnable. Process and worker context.
void yield();
/// Lets the better thread run that an interrupt or a wake-up announced. On the way to user mode.
void yield_preempted();
/// Makes a sleeping thread runnable; nothing if it is awake. Any context.
void wake(thread& sleeper);
/// The same, only if its sleep is interruptible: a signal has come. Any context.
void wake_for_signal(thread& sleeper);
/// Makes a stopped thread runnable: SIGCONT or SIGKILL has come. Any context.
void wake_stopped(thread& stopped);
/// Gives a new thread the CPU it is to run on, before anybody else can find it. Any context.
void choose_cpu(thread& fresh);
/// The first time on a CPU: puts a new thread into a run queue. Any context.
void start_thread(thread& fresh);

/// Replaces the page tables the calling thread runs on; exec and exit. null is the kernel's own. The
/// returned reference is that of the space that was loaded; drop it without locks held.
[[nodiscard]] lib::ref<mm::address_space> switch_space(lib::ref<mm::address_space> next);

/// Makes the CPU that runs `target` look for signals before its next return to user mode. Any context.
void notice_signal(thread& target);

/// -20 (more of the CPU) .. 19 (less); others are bounded to that. Any context.
void set_nice(thread& target, int nice);

/// CPU time used so far: in all, and of it in system calls.
struct thread_time {
    uint64_t total_ns;
    uint64_t system_ns;
};
thread_time time_of(thread& target);
/// The calling thread's time in all: cheap, for every system call.
uint64_t time_of_current_ns();

/// Threads ready or running, for /proc/loadavg; and the averages over 1, 5, 15 minutes (16.16 fixed point).
unsigned runnable_threads();
void load_averages(uint32_t (&averages)[3]);
/// Time the boot CPU had nothing to do, since boot.
uint64_t idle_time_ns();

} // namespace task
