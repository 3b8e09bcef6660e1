#include "kernel/task/timer.hpp"

// All armed timers stand in one list sorted by deadline. A new timer is inserted from the back: most
// deadlines lie further off than those already there. The hardware timer of a CPU is armed for the first
// entry only, and not moved when that entry is stopped: an early interrupt finds nothing due and arms
// again, which is cheaper than a device access per stopped timer.
//
// Invariants, under list_lock:
//   - some CPU's hardware timer is armed at or before the first deadline of the list;
//   - running[cpu] is the timer whose callback that CPU is in, so that stop() can wait for it.

#include "kernel/arch/clock.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/task/wait_queue.hpp"

namespace task {

struct timer_list {
    arch::spinlock lock{lib::lock_rank::timers};
    lib::list<timer, &timer::link_> sorted;
    timer* running[arch::max_cpus] = {};
    uint64_t armed_ns[arch::max_cpus] = {};

    void insert_locked(timer& entry);
    void arm_hardware_locked();
    bool running_elsewhere_locked(const timer& entry) const;
    void run_due();
};

namespace {

timer_list timers;

} // namespace

void timer_list::insert_locked(timer& entry) {
    timer* before = sorted.back();
    while (before != nullptr && before->deadline_ns_ > entry.deadline_ns_) {
        before = sorted.previous(*before);
    }
    if (before == nullptr) {
        sorted.push_front(entry);
    } else {
        sorted.insert_after(*before, entry);
    }
}

void timer_list::arm_hardware_locked() {
    const timer* first = sorted.front();
    uint64_t& armed = armed_ns[arch::this_cpu().index];
    if (first != nullptr && first->deadline_ns_ < armed) {
        armed = first->deadline_ns_;
        arch::arm_timer(armed);
    }
}

bool timer_list::running_elsewhere_locked(const timer& entry) const {
    for (unsigned cpu = 0; cpu < arch::max_cpus; cpu++) {
        if (running[cpu] == &entry && cpu != arch::this_cpu().index) {
            return true;
        }
    }
    return false;
}

void timer_list::run_due() {
    const unsigned cpu = arch::this_cpu().index;
    const uint64_t now_ns = arch::clock_now_ns();
    lock.lock();
    armed_ns[cpu] = never;
    while (timer* first = sorted.front()) {
        if (first->deadline_ns_ > now_ns) {
            break;
        }
        sorted.remove(*first);
        running[cpu] = first;
        lock.unlock();
        first->callback_(*first, first->context_);
        lock.lock();
        running[cpu] = nullptr;
    }
    arm_hardware_locked();
    lock.unlock();
}

void timer::start(uint64_t deadline_ns) {
    const arch::spin_guard guard(timers.lock);
    if (link_.linked()) {
        link_.unlink();
    }
    deadline_ns_ = deadline_ns;
    if (deadline_ns == never) {
        return;
    }
    timers.insert_locked(*this);
    timers.arm_hardware_locked();
}

void timer::stop() {
    for (;;) {
        {
            const arch::spin_guard guard(timers.lock);
            if (link_.linked()) {
                link_.unlink();
            }
            if (!timers.running_elsewhere_locked(*this)) {
                return;
            }
        }
        arch::cpu_relax();
    }
}

void timer_interrupt() {
    timers.run_due();
}

void initialize_timers() {
    for (uint64_t& armed : timers.armed_ns) {
        armed = never;
    }
}

lib::result<void> sleep_until(uint64_t deadline_ns) {
    waiter self;
    const lib::result<void> outcome = self.sleep(deadline_ns, wait_kind::interruptible);
    if (!outcome.ok() && outcome.error().number == ETIMEDOUT) {
        return {};
    }
    return outcome.ok() ? lib::result<void>{} : lib::result<void>{outcome.error()};
}

} // namespace task
