#include "kernel/task/wait_queue.hpp"

// A waiter and a waker meet in three words: the condition (the caller's), waiter::woken_, and the state of
// the thread. Whatever the interleaving, one of the two sees the other:
//
//     waiter                              waker
//     woken = false                       condition = true
//     look at the condition               (fence) queue empty? else, under its lock:
//     state = sleeping                      woken = true
//     woken? then stay awake                wake(thread): sleeping -> runnable
//     schedule()
//
// The stores of woken and state are sequentially consistent. A waker that comes between "state =
// sleeping" and the switch finds a sleeping thread that still runs: wake() only sets it runnable, and
// schedule() then keeps it in the run queue.

#include "kernel/arch/clock.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/thread.hpp"

namespace task {

namespace {

wake_outcome wake_waiter(wait_entry& entry) {
    return static_cast<waiter::own_entry&>(entry).owner->wake() ? wake_outcome::consumed
                                                                : wake_outcome::passed;
}

void wake_at_deadline(timer&, void* context) {
    wake(*static_cast<thread*>(context));
}

void set_state(thread& self, thread_state state) {
    __atomic_store_n(&self.state, state, __ATOMIC_SEQ_CST);
}

bool interrupted(wait_kind kind) {
    switch (kind) {
    case wait_kind::interruptible:
        return signal_pending();
    case wait_kind::killable:
        return fatal_signal_pending();
    default:
        return false;
    }
}

} // namespace

waiter::waiter() : thread_(&current()) {
    entry.wake = wake_waiter;
    entry.owner = this;
}

bool waiter::wake() {
    thread& target = *thread_; // the waiter may be gone as soon as woken_ is set
    if (__atomic_exchange_n(&woken_, true, __ATOMIC_SEQ_CST)) {
        return false;
    }
    task::wake(target);
    return true;
}

lib::result<void> waiter::sleep(uint64_t deadline_ns, wait_kind kind) {
    ASSERT(arch::may_sleep());
    thread& self = *thread_;
    const bool interruptible = kind != wait_kind::uninterruptible;
    timer alarm(wake_at_deadline, &self);
    if (deadline_ns != never) {
        alarm.start(deadline_ns);
    }
    lib::result<void> outcome;
    for (;;) {
        set_state(self, interruptible ? thread_state::sleeping_interruptible : thread_state::sleeping);
        if (woken()) {
            break;
        }
        if (interrupted(kind)) {
            outcome = lib::error{EINTR};
            break;
        }
        if (deadline_ns != never && arch::clock_now_ns() >= deadline_ns) {
            outcome = lib::error{ETIMEDOUT};
            break;
        }
        schedule();
    }
    set_state(self, thread_state::runnable);
    if (deadline_ns != never) {
        alarm.stop();
    }
    return outcome;
}

void wait_queue::wake_all() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (entries_.empty()) {
        return;
    }
    const arch::spin_guard guard(lock_);
    for (wait_entry& entry : entries_) {
        entry.wake(entry);
    }
}

void wait_queue::wake_one() {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (entries_.empty()) {
        return;
    }
    const arch::spin_guard guard(lock_);
    for (wait_entry& entry : entries_) {
        if (entry.wake(entry) == wake_outcome::consumed) {
            return;
        }
    }
}

void wait_queue::add(wait_entry& entry) {
    const arch::spin_guard guard(lock_);
    entries_.push_back(entry);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void wait_queue::remove(wait_entry& entry) {
    const arch::spin_guard guard(lock_);
    entries_.remove(entry);
}

} // namespace task
