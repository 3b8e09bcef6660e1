#pragma once
// Sleeping mutual exclusion between threads (process and worker context; irq context uses
// arch::spinlock). Taking a free mutex and releasing one that nobody wants is one atomic instruction
// each. Ranks are those of lib::lock_rank: a thread takes them in increasing order, checked in debug
// builds; spinlocks nest inside mutexes, never the other way round.

#include "kernel/arch/percpu.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/lock_rank.hpp"
#include "kernel/task/wait_queue.hpp"

#include <cstdint>

namespace task {

class mutex {
public:
    explicit mutex(lib::lock_rank rank) : rank_(rank) {}
    mutex(const mutex&) = delete;
    mutex& operator=(const mutex&) = delete;
    ~mutex() { ASSERT(state_ == state::free); }

    /// Takes the mutex, sleeping (uninterruptibly) while another thread has it. Not recursive.
    void lock() {
        uint32_t expected = state::free;
        if (__builtin_expect(!__atomic_compare_exchange_n(&state_, &expected, state::held, false,
                                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED),
                             0)) {
            lock_slow();
        }
        note_locked();
    }
    /// Takes the mutex if it is free; never sleeps.
    [[nodiscard]] bool try_lock() {
        uint32_t expected = state::free;
        if (!__atomic_compare_exchange_n(&state_, &expected, state::held, false, __ATOMIC_ACQUIRE,
                                         __ATOMIC_RELAXED)) {
            return false;
        }
        note_locked();
        return true;
    }
    /// Gives the mutex back; only by the thread that holds it.
    void unlock() {
        note_unlocked();
        if (__builtin_expect(__atomic_exchange_n(&state_, state::free, __ATOMIC_RELEASE) == state::wanted,
                             0)) {
            waiters_.wake_one();
        }
    }

    /// True if the calling thread holds the mutex; for ASSERT in functions named ..._locked.
    bool held_by_current() const { return owner_ == arch::current_thread(); }
    lib::lock_rank rank() const { return rank_; }

private:
    struct state {
        static constexpr uint32_t free = 0;
        static constexpr uint32_t held = 1;
        static constexpr uint32_t wanted = 2; ///< held, and somebody may be waiting
    };

    void lock_slow();
#ifdef LUMOS_DEBUG
    void note_locked();
    void note_unlocked();
#else
    void note_locked() {
        owner_ = arch::current_thread();
    }
    void note_unlocked() {
        owner_ = nullptr;
    }
#endif

    uint32_t state_ = state::free;
    lib::lock_rank rank_;
    thread* owner_ = nullptr;
    wait_queue waiters_;
};

/// Holds a mutex for the life of a scope.
class [[nodiscard]] mutex_guard {
public:
    explicit mutex_guard(mutex& held) : held_(held) { held_.lock(); }
    ~mutex_guard() { held_.unlock(); }
    mutex_guard(const mutex_guard&) = delete;
    mutex_guard& operator=(const mutex_guard&) = delete;

private:
    mutex& held_;
};

} // namespace task

#include "kernel/task/wait_queue_impl.hpp"
