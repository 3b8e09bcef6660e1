#pragma once
// Wait queues: threads (and poll tables) that wait for something to become true. One waits for a
// predicate, not for a wake-up, so a spurious or early wake-up does no harm and none can be lost:
//
//     waiter                                   waker
//     queue.wait([&] { return ready; });       ready = true;  queue.wake_all();
//
// A waiter first enters the queue and then looks at the predicate; a waker first changes the state and
// then looks at the queue. Both sides put a full barrier between, so at least one sees the other.
// The queue's spinlock guards only its list and is a leaf apart from the run queue's lock.

#include "kernel/abi/errno.h"
#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/task/timer.hpp"

#include <cstdint>

namespace task {

struct thread;
class mutex;
class wait_queue;

/// What an entry's wake function did with a wake-up.
enum class wake_outcome : unsigned char {
    consumed, ///< somebody was woken who was not awake before: wake_one() ends here
    passed,   ///< only noted (a poll table, or a thread already woken): wake_one() goes on
};

/// One place in one queue. A poll table adds several of these to several queues. The owner removes it
/// from its queue before it goes away.
struct wait_entry {
    lib::list_link link;
    /// Called with the queue's lock held and interrupts off: must not sleep, nor touch this queue.
    wake_outcome (*wake)(wait_entry& self) = nullptr;
};

/// Whether a signal ends the wait with EINTR.
enum class wait_kind : unsigned char {
    interruptible,   ///< any signal that is to be acted on
    killable,        ///< only one that ends the process
    uninterruptible, ///< none
};

/// A thread that waits: lives on its stack for the time of one wait. Used by the templates below; code
/// with an unusual wait (poll over many queues, futexes) uses it directly.
class waiter {
public:
    waiter();
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    /// Forgets earlier wake-ups; to be followed by a look at the predicate.
    void rearm() { __atomic_store_n(&woken_, false, __ATOMIC_SEQ_CST); }
    /// Sleeps until wake() has been called since rearm(). EINTR (as `kind` says), ETIMEDOUT.
    lib::result<void> sleep(uint64_t deadline_ns, wait_kind kind);
    /// Wakes the thread. Any context. True if it was not woken already.
    bool wake();
    bool woken() const { return __atomic_load_n(&woken_, __ATOMIC_SEQ_CST); }

    /// For the caller to add to one queue.
    struct own_entry : wait_entry {
        waiter* owner;
    } entry;

private:
    thread* thread_;
    bool woken_ = false;
};

class wait_queue {
public:
    /// Another rank is for queues that are woken by an entry of a first one (epoll).
    explicit wait_queue(lib::lock_rank rank = lib::lock_rank::wait_queue) : lock_(rank) {}
    wait_queue(const wait_queue&) = delete;
    wait_queue& operator=(const wait_queue&) = delete;

    /// Sleeps until predicate() holds. Process and worker context; no spinlock held. The predicate runs
    /// in the caller, several times, without locks: it reads atomics or takes its own lock.
    /// Errors: EINTR if a signal is pending (see wait_kind), ETIMEDOUT after deadline_ns.
    template <class predicate_type>
    lib::result<void> wait(predicate_type predicate, uint64_t deadline_ns = never,
                           wait_kind kind = wait_kind::interruptible);

    /// The same for a predicate over state that `held` guards: the mutex is held when the predicate
    /// runs and at the return, and released while asleep.
    template <class predicate_type>
    lib::result<void> wait(mutex& held, predicate_type predicate, uint64_t deadline_ns = never,
                           wait_kind kind = wait_kind::interruptible);

    /// Wakes every waiter; any context, never sleeps. State must have been changed before the call.
    void wake_all();
    /// Wakes poll tables and at most one thread; for state that only one waiter can take.
    void wake_one();

    /// Puts an entry into the queue / takes it out. Any context.
    void add(wait_entry& entry);
    void remove(wait_entry& entry);

    /// True if nobody waits (a hint: may change at once).
    bool empty() const { return entries_.empty(); }

private:
    arch::spinlock lock_;
    lib::list<wait_entry, &wait_entry::link> entries_;
};

} // namespace task

#include "kernel/task/mutex.hpp" // ends with the bodies of the wait templates
