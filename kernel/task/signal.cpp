#include "kernel/task/signal.hpp"

// Sending, pending sets and masks. A set bit says that a signal is pending; what travels with it is in a
// queued_signal if it is more than "from the kernel". The standard signals (1..31) are pending at most
// once, the realtime ones (32..64) as often as they were sent, while memory and the limit of 1024 per
// process allow. So nothing a sender does can make the kernel fail, and irq context may send.
//
// thread::signal_work is the summary that everybody else looks at: it is set under signals.lock before
// the thread is woken, and a sleeper looks at it after having set its state (see wait_queue.cpp).

#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/exit.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/signal_private.hpp"

namespace task {

struct queued_signal {
    queued_signal* next;
    int number;
    signal_info info;
};

namespace {

constexpr unsigned queue_limit = 1024;
constexpr int first_realtime = 32;

bool is_plain(const signal_info& info) {
    return info.code == SI_KERNEL && info.address == 0 && info.value == 0 && info.pid == 0;
}

bool ignored_locked(const process& target, int number) {
    const uint64_t handler = target.signals.actions->table[number - 1].handler;
    return handler == handler_ignore ||
           (handler == handler_default && default_action_of(number) == default_action::ignore);
}

void remember_locked(process& owner, pending_signals& pending, int number, const signal_info& info) {
    const bool already = (pending.set & signal_bit(number)) != 0;
    pending.set |= signal_bit(number);
    if (is_plain(info) || (already && number < first_realtime) || owner.signals.queued_count >= queue_limit) {
        return;
    }
    auto* node = new (mm::mem_tag::task) queued_signal{nullptr, number, info};
    if (node == nullptr) {
        return;
    }
    owner.signals.queued_count++;
    queued_signal** end = &pending.first;
    while (*end != nullptr) {
        end = &(*end)->next;
    }
    *end = node;
}

void forget_locked(process& owner, pending_signals& pending, signal_set signals) {
    pending.set &= ~signals;
    for (queued_signal** at = &pending.first; *at != nullptr;) {
        queued_signal* node = *at;
        if ((signal_bit(node->number) & signals) != 0) {
            *at = node->next;
            owner.signals.queued_count--;
            delete node;
        } else {
            at = &node->next;
        }
    }
}

void forget_everywhere_locked(process& target, signal_set signals) {
    forget_locked(target, target.signals.pending, signals);
    for (thread& each : target.threads) {
        forget_locked(target, each.pending, signals);
    }
}

void alert_locked(thread& target) {
    __atomic_store_n(&target.signal_work, true, __ATOMIC_SEQ_CST);
    wake_for_signal(target);
    notice_signal(target);
}

// The thread that is to take a signal of the process: the caller if it may, else the first that may.
thread* choose_thread_locked(process& target, int number) {
    thread* self = arch::current_thread();
    const bool own = self->owner == &target && self->process_link.linked();
    if (own && (self->blocked & signal_bit(number)) == 0) {
        return self;
    }
    for (thread& each : target.threads) {
        if ((each.blocked & signal_bit(number)) == 0) {
            return &each;
        }
    }
    return nullptr;
}

// SIGCONT makes a stopped process run even if it is blocked or ignored, and stop signals and SIGCONT
// cancel each other. True if the process was stopped.
bool apply_job_control_locked(process& target, int number) {
    if ((signal_bit(number) & stop_signals) != 0) {
        forget_everywhere_locked(target, signal_bit(SIGCONT));
        return false;
    }
    if (number != SIGCONT && number != SIGKILL) {
        return false;
    }
    if (number == SIGCONT) {
        forget_everywhere_locked(target, stop_signals);
    }
    const bool was_stopped = target.signals.stopped;
    target.signals.continues++;
    target.signals.stopped = false;
    for (thread& each : target.threads) {
        wake_stopped(each);
    }
    return was_stopped && number == SIGCONT;
}

bool blocked_everywhere_locked(process& target, int number) {
    return choose_thread_locked(target, number) == nullptr;
}

void send_locked(process& target, thread* only, int number, const signal_info& info) {
    const bool blocked = only != nullptr ? (only->blocked & signal_bit(number)) != 0
                                         : blocked_everywhere_locked(target, number);
    if (!blocked && ignored_locked(target, number)) {
        return;
    }
    remember_locked(target, only != nullptr ? only->pending : target.signals.pending, number, info);
    thread* taker = only != nullptr ? only : choose_thread_locked(target, number);
    if (number == SIGKILL) {
        for (thread& each : target.threads) {
            alert_locked(each);
        }
    } else if (taker != nullptr) {
        // A thread that waits for it in rt_sigtimedwait has it blocked and is woken all the same.
        if (!blocked || (taker->awaited & signal_bit(number)) != 0) {
            alert_locked(*taker);
        }
    } else {
        for (thread& each : target.threads) {
            if ((each.awaited & signal_bit(number)) != 0) {
                alert_locked(each);
                break;
            }
        }
    }
}

void send(process& target, thread* only, int number, const signal_info& info) {
    if (!is_signal(number)) {
        return;
    }
    bool continued = false;
    {
        const arch::spin_guard guard(target.signals.lock);
        if (target.threads.empty() || (only != nullptr && !only->process_link.linked())) {
            return;
        }
        continued = apply_job_control_locked(target, number);
        send_locked(target, only, number, info);
    }
    if (continued) {
        report_job_status(target, 0xffff);
    }
}

int take_from_locked(process& owner, pending_signals& pending, signal_set allowed, signal_info& info) {
    const signal_set ready = pending.set & allowed;
    if (ready == 0) {
        return 0;
    }
    constexpr signal_set faults = signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) |
                                  signal_bit(SIGTRAP) | signal_bit(SIGFPE) | signal_bit(SIGSYS);
    const signal_set first = (ready & faults) != 0 ? ready & faults : ready;
    const int number = __builtin_ctzll(first) + 1;
    info = signal_info{};
    bool more = false;
    bool found = false;
    for (queued_signal** at = &pending.first; *at != nullptr;) {
        queued_signal* node = *at;
        if (node->number == number && !found) {
            found = true;
            info = node->info;
            *at = node->next;
            owner.signals.queued_count--;
            delete node;
            continue;
        }
        more = more || node->number == number;
        at = &node->next;
    }
    if (!more) {
        pending.set &= ~signal_bit(number);
    }
    return number;
}

} // namespace

void signal_actions::release_last(signal_actions* dead) {
    delete dead;
}

default_action default_action_of(int number) {
    switch (number) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
        return default_action::ignore;
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return default_action::stop;
    case SIGCONT:
        return default_action::go_on;
    default:
        return default_action::terminate;
    }
}

unsigned drop_pending_signals(pending_signals& pending) {
    unsigned dropped = 0;
    while (queued_signal* node = pending.first) {
        pending.first = node->next;
        delete node;
        dropped++;
    }
    pending.set = 0;
    return dropped;
}

void update_signal_work_locked(thread& target) {
    process& owner = *target.owner;
    ASSERT(owner.signals.lock.held());
    const signal_set pending = target.pending.set | owner.signals.pending.set;
    const bool exiting = owner.signals.exiting && owner.signals.survivor != &target;
    const bool work = exiting || owner.signals.stopped || (pending & ~target.blocked) != 0;
    __atomic_store_n(&target.signal_work, work, __ATOMIC_SEQ_CST);
    if (work) {
        notice_signal(target);
    }
}

int take_signal_locked(thread& self, signal_set allowed, signal_info& info) {
    process& owner = *self.owner;
    ASSERT(owner.signals.lock.held());
    const int number = take_from_locked(owner, self.pending, allowed, info);
    return number != 0 ? number : take_from_locked(owner, owner.signals.pending, allowed, info);
}

void send_signal(process& target, int number, const signal_info& info) {
    send(target, nullptr, number, info);
}

void send_signal(thread& target, int number, const signal_info& info) {
    send(*target.owner, &target, number, info);
}

lib::result<void> send_signal_to_group(int group_id, int number, const signal_info& info) {
    bool found = false;
    int last_id = 0;
    while (lib::ref<process> member = next_in_group(group_id, last_id)) {
        found = true;
        last_id = member->id;
        send_signal(*member, number, info);
    }
    return found ? lib::result<void>{} : lib::error{ESRCH};
}

void send_sigpipe() {
    send_signal(current(), SIGPIPE);
}

void force_signal(int number, const signal_info& info) {
    thread& self = current();
    process& owner = *self.owner;
    const arch::spin_guard guard(owner.signals.lock);
    signal_action& action = owner.signals.actions->table[number - 1];
    const bool blocked = (self.blocked & signal_bit(number)) != 0;
    if (blocked || action.handler == handler_ignore) {
        action.handler = handler_default;
        self.blocked &= ~signal_bit(number);
    }
    self.forced = signal_bit(number);
    remember_locked(owner, self.pending, number, info);
    alert_locked(self);
}

bool signal_pending() {
    return __atomic_load_n(&current().signal_work, __ATOMIC_SEQ_CST);
}

bool fatal_signal_pending() {
    thread& self = current();
    if (!signal_pending()) {
        return false;
    }
    process& owner = *self.owner;
    const arch::spin_guard guard(owner.signals.lock);
    const signal_set pending = self.pending.set | owner.signals.pending.set;
    return (owner.signals.exiting && owner.signals.survivor != &self) || (pending & signal_bit(SIGKILL)) != 0;
}

bool signal_ignored_or_blocked(int number) {
    thread& self = current();
    const arch::spin_guard guard(self.owner->signals.lock);
    return (self.blocked & signal_bit(number)) != 0 || ignored_locked(*self.owner, number);
}

signal_set set_blocked_signals(signal_set mask) {
    thread& self = current();
    const arch::spin_guard guard(self.owner->signals.lock);
    const signal_set before = self.blocked;
    self.blocked = mask & ~unblockable_signals;
    update_signal_work_locked(self);
    return before;
}

void set_temporary_mask(signal_set mask) {
    thread& self = current();
    const arch::spin_guard guard(self.owner->signals.lock);
    self.saved_mask = self.blocked;
    self.mask_is_temporary = true;
    self.blocked = mask & ~unblockable_signals;
    update_signal_work_locked(self);
}

void end_temporary_mask() {
    thread& self = current();
    const arch::spin_guard guard(self.owner->signals.lock);
    if (self.mask_is_temporary) {
        self.mask_is_temporary = false;
        self.blocked = self.saved_mask;
        update_signal_work_locked(self);
    }
}

signal_set pending_signal_set() {
    thread& self = current();
    const arch::spin_guard guard(self.owner->signals.lock);
    return (self.pending.set | self.owner->signals.pending.set) & self.blocked;
}

lib::result<int> wait_for_signal(signal_set wanted, uint64_t deadline_ns, signal_info& info) {
    thread& self = current();
    process& owner = *self.owner;
    const signal_set allowed = wanted & ~unblockable_signals;
    waiter sleeper;
    for (;;) {
        {
            const arch::spin_guard guard(owner.signals.lock);
            const int number = take_signal_locked(self, allowed, info);
            self.awaited = number != 0 ? 0 : allowed;
            update_signal_work_locked(self);
            if (number != 0) {
                return number;
            }
        }
        const lib::result<void> outcome = sleeper.sleep(deadline_ns, wait_kind::interruptible);
        const arch::spin_guard guard(owner.signals.lock);
        self.awaited = 0;
        const int number = take_signal_locked(self, allowed, info);
        update_signal_work_locked(self);
        if (number != 0) {
            return number;
        }
        if (!outcome.ok()) {
            return lib::error{outcome.error().number == ETIMEDOUT ? EAGAIN : EINTR};
        }
    }
}

lib::result<signal_action> exchange_signal_action(int number, const signal_action* replacement) {
    if (!is_signal(number) || (replacement != nullptr && (signal_bit(number) & unblockable_signals) != 0)) {
        return lib::error{EINVAL};
    }
    process& self = current_process();
    const arch::spin_guard guard(self.signals.lock);
    signal_action& row = self.signals.actions->table[number - 1];
    const signal_action before = row;
    if (replacement != nullptr) {
        row = *replacement;
        row.mask &= ~unblockable_signals;
        if (ignored_locked(self, number)) {
            forget_everywhere_locked(self, signal_bit(number));
        }
    }
    return before;
}

} // namespace task
