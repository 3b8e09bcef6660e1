#pragma once
// One thread: what the scheduler switches between. Every thread belongs to a process; kernel threads to
// the process with id 0, which has no user memory. Fields are grouped by the lock that guards them.
//
// Life: created by fork, clone, exec's start_init or create_kernel_thread; ends in exit_thread(); the
// reaper frees stack and structure when the last ref is gone. Others find threads by find_thread().

#include "kernel/arch/context.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/trap_frame.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/task/restart.hpp"
#include "kernel/task/signal.hpp"

#include <cstdint>

namespace task {

struct process;
struct run_queue;

enum class thread_state : uint32_t {
    runnable,               ///< running or in a run queue
    sleeping,               ///< until woken
    sleeping_interruptible, ///< until woken or a signal comes
    stopped,                ///< by a stop signal, until SIGCONT or SIGKILL
    dead,                   ///< waiting for the reaper
};

struct thread : lib::ref_counted {
    thread(const char* thread_name, process& owner, int thread_id);
    ~thread();
    static void release_last(thread* dead);

    // Fixed for the thread's life (but exec gives the thread that survives the process's id).
    int id;               ///< tid; the first thread's is the process's pid
    process* const owner; ///< kept alive by a count that ~thread gives back
    uint64_t kernel_stack_top = 0;
    void (*entry)(void*) = nullptr; ///< where it begins
    void* entry_argument = nullptr;

    // Guarded by the lock of the run queue.
    arch::context context;
    thread_state state = thread_state::runnable;
    run_queue* home = nullptr; ///< the queue of the CPU it runs or ran on
    lib::list_link run_link;
    uint64_t virtual_runtime_ns = 0;
    uint64_t started_ns = 0; ///< when it got the CPU
    uint32_t weight = 1024;
    int nice = 0;

    // Only the thread itself (and the switch).
    arch::fpu_state* fpu = nullptr; ///< none in kernel threads
    uint64_t fs_base = 0;
    uint64_t gs_base = 0;
    char name[16];
    uint64_t mutex_ranks = 0;   ///< a bit for each rank of mutex held (debug builds)
    uint64_t set_child_tid = 0; ///< user addresses
    uint64_t clear_child_tid = 0;
    uint64_t robust_list = 0;

    // The system call in progress, for restarting it: see signal_delivery.cpp.
    uint64_t call_number = 0;
    restart_rule call_restart = restart_rule::none; ///< its rule, once it was interrupted
    uint64_t restart_deadline_ns = 0;               ///< nanosleep: until when
    uint64_t restart_rest_address = 0;              ///< and where the rest is to be told

    // Accounting: written by the thread itself, read by anybody.
    uint64_t run_ns = 0;    ///< in all, up to the last switch
    uint64_t system_ns = 0; ///< of it, in system calls
    uint64_t voluntary_switches = 0;
    uint64_t involuntary_switches = 0;
    uint64_t minor_faults = 0;

    lib::list_link all_link;     ///< in the list of all threads; guarded by process_table_lock
    thread* next_dead = nullptr; ///< for the reaper

    // Guarded by owner->signals.lock; blocked is also read by the thread itself without it.
    lib::list_link process_link; ///< in owner->threads
    signal_set blocked = 0;
    signal_set saved_mask = 0; ///< what comes back after a temporary mask
    bool mask_is_temporary = false;
    signal_set awaited = 0; ///< what rt_sigtimedwait waits for
    signal_set forced = 0;  ///< a fault's signal, which even init dies of
    pending_signals pending;
    bool signal_work = false; ///< something to do before user mode; atomic
    uint64_t alternate_stack = 0;
    uint64_t alternate_stack_size = 0; ///< 0: none

    /// The registers of user mode: always at the top of the kernel stack.
    arch::trap_frame& user_frame() const { return arch::user_frame(kernel_stack_top); }
    bool is_kernel_thread() const { return fpu == nullptr; }
};

/// The calling thread. Any context after task::initialize(); in irq context the interrupted thread.
inline thread& current() {
    return *arch::current_thread();
}
/// The process of the calling thread.
inline process& current_process() {
    return *current().owner;
}

} // namespace task
