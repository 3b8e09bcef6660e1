#include "kernel/task/scheduler.hpp"

// Fair scheduling in the manner of Linux's CFS, kept small. Every thread has a virtual run time that
// advances while it runs, slower for threads of greater weight; the ready thread with the least runs
// next. A thread that slept is placed at most `sleeper_credit` behind the queue's clock, so it runs at
// once, preempting whoever is ahead of it by more than `wake_granularity`, but saves no more than that.
//
// The lock of the run queue is taken before a switch and released by the thread switched to (in
// finish_switch, with interrupts still off), so no other CPU sees a thread whose registers are half saved,
// and a wake-up that comes meanwhile waits. A new thread starts in thread_main, which does the same.
//
// Page tables stay loaded while a kernel thread runs: the net worker between two stretches of one
// program costs no TLB flush. run_queue::space holds a reference for that. FPU registers are saved when
// a user thread is switched out, but only loaded again if another one used them in between.
//
// Invariants, under run_queue::lock:
//   - a thread is linked in `ready`, or it is `running`, or it sleeps (is stopped, is dead); never two;
//   - `running` is arch::percpu::current of that CPU.

#include "kernel/arch/clock.hpp"
#include "kernel/arch/context.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/task/exit.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/reaper.hpp"
#include "kernel/task/run_queue.hpp"
#include "kernel/task/thread.hpp"

namespace task {

namespace {

constexpr uint64_t slice_ns = 6'000'000;
constexpr uint64_t sleeper_credit_ns = 3'000'000;
constexpr uint64_t wake_granularity_ns = 500'000;
constexpr uint32_t weight_of_nice_0 = 1024;

run_queue* queues[arch::max_cpus];

// Each step of nice is a factor of 1.25 in the share of the CPU, as in Linux (sched_prio_to_weight).
constexpr uint32_t weights[40] = {
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904,
    3906,  3121,  2501,  1991,  1586,  1277,  1024,  820,   655,   526,   423,  335,  272,  215,
    172,   137,   110,   87,    70,    56,    45,    36,    29,    23,    18,   15,
};

run_queue& this_queue() {
    return *queues[arch::this_cpu().index];
}

// Makes the queue's CPU look at its work before its next return to user mode. Lock held.
void request_work_locked(run_queue& queue, uint32_t work) {
    ASSERT(queue.lock.held());
    __atomic_fetch_or(&queue.cpu->user_work, work, __ATOMIC_SEQ_CST);
}

void request_reschedule_locked(run_queue& queue) {
    request_work_locked(queue, arch::user_work::reschedule);
}

void end_of_slice(timer&, void* context) {
    run_queue& queue = *static_cast<run_queue*>(context);
    const arch::spin_guard guard(queue.lock);
    if (queue.ready_count > 0) {
        request_reschedule_locked(queue);
    }
}

// Adds the time since the last look to the running thread and moves the queue's clock.
void charge_running_locked(run_queue& queue, uint64_t now_ns) {
    thread& runner = *queue.running;
    const uint64_t used_ns = now_ns - runner.started_ns;
    runner.started_ns = now_ns;
    if (&runner == queue.idle) {
        queue.idle_ns += used_ns;
        return;
    }
    runner.run_ns += used_ns;
    runner.virtual_runtime_ns += used_ns * weight_of_nice_0 / runner.weight;
    uint64_t least = runner.virtual_runtime_ns;
    const thread* first = queue.ready.front();
    if (first != nullptr && first->virtual_runtime_ns < least) {
        least = first->virtual_runtime_ns;
    }
    if (least > queue.clock_ns) {
        queue.clock_ns = least;
    }
}

void enqueue_locked(run_queue& queue, thread& ready) {
    thread* before = queue.ready.back();
    while (before != nullptr && before->virtual_runtime_ns > ready.virtual_runtime_ns) {
        before = queue.ready.previous(*before);
    }
    if (before == nullptr) {
        queue.ready.push_front(ready);
    } else {
        queue.ready.insert_after(*before, ready);
    }
    queue.ready_count++;
}

// The running thread gets a slice that ends if others wait for the CPU.
void limit_slice_locked(run_queue& queue) {
    if (!queue.slice.armed() && queue.running != queue.idle) {
        queue.slice.start(queue.running->started_ns + slice_ns);
    }
}

// Puts a thread that became runnable into the queue and lets it preempt the running one if it deserves.
void make_ready_locked(run_queue& queue, thread& woken) {
    const uint64_t earliest = queue.clock_ns > sleeper_credit_ns ? queue.clock_ns - sleeper_credit_ns : 0;
    if (woken.virtual_runtime_ns < earliest) {
        woken.virtual_runtime_ns = earliest;
    }
    enqueue_locked(queue, woken);
    if (queue.running == queue.idle) {
        request_reschedule_locked(queue);
        return;
    }
    charge_running_locked(queue, arch::clock_now_ns());
    if (woken.virtual_runtime_ns + wake_granularity_ns < queue.running->virtual_runtime_ns) {
        request_reschedule_locked(queue);
    } else {
        limit_slice_locked(queue);
    }
}

bool asleep(thread_state state) {
    return state == thread_state::sleeping || state == thread_state::sleeping_interruptible;
}

// Common to the three wake functions: `eligible` says in which state the thread is to be woken.
void wake_if(thread& sleeper, bool (*eligible)(thread_state)) {
    run_queue& queue = *sleeper.home;
    const arch::spin_guard guard(queue.lock);
    if (!eligible(sleeper.state)) {
        return;
    }
    __atomic_store_n(&sleeper.state, thread_state::runnable, __ATOMIC_SEQ_CST);
    if (queue.running != &sleeper && !sleeper.run_link.linked()) {
        make_ready_locked(queue, sleeper);
    }
}

// Page tables, FPU, FS and GS of the next thread. Lock held, interrupts off.
void load_user_state(run_queue& queue, thread& previous, thread& next) {
    if (previous.fpu != nullptr) {
        arch::fpu_save(*previous.fpu);
        queue.fpu_owner = &previous;
    }
    if (next.fpu == nullptr) {
        return;
    }
    if (queue.fpu_owner != &next) {
        arch::fpu_restore(*next.fpu);
        queue.fpu_owner = &next;
    }
    if (next.owner->space && queue.space != next.owner->space) {
        ASSERT(queue.dropped == nullptr);
        queue.dropped = queue.space.leak();
        queue.space = next.owner->space;
        queue.space->activate();
    }
    arch::set_fs_base(next.fs_base);
    arch::set_user_gs_base(next.gs_base);
}

// Runs first in the thread switched to: gives back the lock that the previous one took, and the count
// on its page tables. The last count needs a context that may sleep: the reaper's.
void finish_switch() {
    run_queue& queue = this_queue();
    mm::address_space* dropped = std::exchange(queue.dropped, nullptr);
    queue.lock.unlock();
    if (dropped != nullptr && dropped->put()) {
        reap_space(*dropped);
    }
}

[[gnu::no_stack_protector]] void switch_to_locked(run_queue& queue, thread& previous, thread& next) {
    load_user_state(queue, previous, next);
    arch::percpu& cpu = arch::this_cpu();
    cpu.current = &next;
    cpu.user_work = next.signal_work ? arch::user_work::signal : 0;
    arch::set_kernel_stack(next.kernel_stack_top);
    arch::switch_context(previous.context, next.context);
    finish_switch();
}

enum class leaving : unsigned char { by_state, preempted, yielding };

// Puts the thread that leaves the CPU where it belongs.
void put_back_locked(run_queue& queue, thread& previous, leaving how) {
    const bool stays = how == leaving::preempted || previous.state == thread_state::runnable;
    if (!stays || &previous == queue.idle) {
        previous.voluntary_switches++;
        return;
    }
    const thread* last = queue.ready.back();
    if (how == leaving::yielding && last != nullptr &&
        previous.virtual_runtime_ns < last->virtual_runtime_ns) {
        previous.virtual_runtime_ns = last->virtual_runtime_ns;
    }
    enqueue_locked(queue, previous);
    previous.involuntary_switches++;
}

thread& take_next_locked(run_queue& queue) {
    thread* next = queue.ready.pop_front();
    if (next == nullptr) {
        return *queue.idle;
    }
    queue.ready_count--;
    return *next;
}

// Interrupts off.
[[gnu::no_stack_protector]] void schedule_away(leaving how) {
    run_queue& queue = this_queue();
    queue.lock.lock();
    thread& previous = *queue.running;
    charge_running_locked(queue, arch::clock_now_ns());
    put_back_locked(queue, previous, how);
    thread& next = take_next_locked(queue);
    next.started_ns = previous.started_ns;
    __atomic_fetch_and(&queue.cpu->user_work, ~arch::user_work::reschedule, __ATOMIC_SEQ_CST);
    queue.running = &next;
    if (queue.ready_count > 0) {
        limit_slice_locked(queue);
    }
    if (&next == &previous) {
        queue.lock.unlock();
    } else {
        switch_to_locked(queue, previous, next);
    }
}

// Where a new thread is to run: threads stay on their CPU.
run_queue& least_loaded_queue() {
    run_queue* best = queues[0];
    for (run_queue* queue : queues) {
        if (queue != nullptr && queue->ready_count < best->ready_count) {
            best = queue;
        }
    }
    return *best;
}

[[noreturn]] void idle_main(void*) {
    finish_switch();
    for (;;) {
        arch::disable_interrupts();
        if (this_queue().ready_count == 0) {
            arch::idle_wait();
        } else {
            schedule_away(leaving::by_state);
        }
    }
}

[[noreturn]] void thread_main(void* argument) {
    finish_switch();
    arch::enable_interrupts();
    thread& self = *static_cast<thread*>(argument);
    self.entry(self.entry_argument);
    exit_thread(0);
}

} // namespace

run_queue::run_queue(arch::percpu& of) : cpu(&of), slice(end_of_slice, this) {}

run_queue* queue_of_cpu(unsigned cpu) {
    return queues[cpu];
}

void adopt_cpu(run_queue& queue, thread& running, thread& idle) {
    const arch::irq_guard interrupts_off;
    running.home = idle.home = &queue;
    running.started_ns = arch::clock_now_ns();
    queue.running = &running;
    queue.idle = &idle;
    queues[queue.cpu->index] = &queue;
    queue.cpu->current = &running;
    arch::prepare_context(idle.context, idle.kernel_stack_top, idle_main, nullptr);
}

void schedule() {
    ASSERT(arch::may_sleep());
    const arch::irq_guard interrupts_off;
    schedule_away(leaving::by_state);
}

void yield() {
    ASSERT(arch::may_sleep());
    const arch::irq_guard interrupts_off;
    schedule_away(leaving::yielding);
}

void yield_preempted() {
    const arch::irq_guard interrupts_off;
    schedule_away(leaving::preempted);
}

void preempt_kernel() {
    schedule_away(leaving::preempted);
}

void wake(thread& sleeper) {
    wake_if(sleeper, asleep);
}

void wake_for_signal(thread& sleeper) {
    wake_if(sleeper, [](thread_state state) { return state == thread_state::sleeping_interruptible; });
}

void wake_stopped(thread& stopped) {
    wake_if(stopped, [](thread_state state) { return state == thread_state::stopped; });
}

void choose_cpu(thread& fresh) {
    fresh.home = &least_loaded_queue();
}

void start_thread(thread& fresh) {
    arch::prepare_context(fresh.context, fresh.kernel_stack_top - sizeof(arch::trap_frame), thread_main,
                          &fresh);
    run_queue& queue = *fresh.home;
    const arch::spin_guard guard(queue.lock);
    fresh.virtual_runtime_ns = queue.clock_ns;
    make_ready_locked(queue, fresh);
}

lib::ref<mm::address_space> switch_space(lib::ref<mm::address_space> next) {
    const arch::irq_guard interrupts_off;
    run_queue& queue = this_queue();
    const arch::spin_guard guard(queue.lock);
    std::swap(queue.space, next);
    if (queue.space) {
        queue.space->activate();
    } else {
        mm::activate_kernel_space();
    }
    return next;
}

void notice_signal(thread& target) {
    const arch::spin_guard guard(target.home->lock);
    if (target.home->running == &target) {
        request_work_locked(*target.home, arch::user_work::signal);
    }
}

void set_nice(thread& target, int nice) {
    const int bounded = nice < -20 ? -20 : nice > 19 ? 19 : nice;
    const arch::spin_guard guard(target.home->lock);
    target.nice = bounded;
    target.weight = weights[bounded + 20];
}

// run_ns and started_ns change together at a switch. The thread itself sees a switch in between as a
// started_ns that moved, and reads again.
uint64_t time_of_current_ns() {
    const thread& self = current();
    for (;;) {
        const uint64_t started_ns = __atomic_load_n(&self.started_ns, __ATOMIC_RELAXED);
        const uint64_t run_ns = __atomic_load_n(&self.run_ns, __ATOMIC_RELAXED);
        const uint64_t now_ns = arch::clock_now_ns();
        if (__atomic_load_n(&self.started_ns, __ATOMIC_RELAXED) == started_ns) {
            return run_ns + (now_ns - started_ns);
        }
    }
}

thread_time time_of(thread& target) {
    const arch::spin_guard guard(target.home->lock);
    uint64_t total_ns = target.run_ns;
    if (target.home->running == &target) {
        total_ns += arch::clock_now_ns() - target.started_ns;
    }
    return {total_ns, target.system_ns};
}

} // namespace task
