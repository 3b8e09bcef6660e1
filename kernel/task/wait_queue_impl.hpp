#pragma once
// Bodies of the wait templates; included by wait_queue.hpp only.

namespace task {

template <class predicate_type>
lib::result<void> wait_queue::wait(predicate_type predicate, uint64_t deadline_ns, wait_kind kind) {
    if (predicate()) {
        return {};
    }
    waiter self;
    add(self.entry);
    lib::result<void> outcome;
    for (;;) {
        self.rearm();
        if (predicate()) {
            break;
        }
        outcome = self.sleep(deadline_ns, kind);
        if (!outcome.ok()) {
            break;
        }
    }
    remove(self.entry);
    if (!outcome.ok() && predicate()) {
        return {};
    }
    if (!outcome.ok() && self.woken()) {
        wake_one(); // a wake-up meant for one waiter must not die with the one who gave up
    }
    return outcome;
}

template <class predicate_type>
lib::result<void> wait_queue::wait(mutex& held, predicate_type predicate, uint64_t deadline_ns,
                                   wait_kind kind) {
    if (predicate()) {
        return {};
    }
    waiter self;
    add(self.entry);
    lib::result<void> outcome;
    for (;;) {
        self.rearm();
        if (predicate()) {
            break;
        }
        held.unlock();
        outcome = self.sleep(deadline_ns, kind);
        held.lock();
        if (!outcome.ok()) {
            break;
        }
    }
    remove(self.entry);
    if (!outcome.ok() && predicate()) {
        return {};
    }
    if (!outcome.ok() && self.woken()) {
        wake_one();
    }
    return outcome;
}

} // namespace task
