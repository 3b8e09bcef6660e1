#pragma once
// Spin locks, for a few dozen instructions at a time. Holding one means: preemption off, no sleeping, no
// touching of user memory. A lock that interrupt handlers take as well is taken with spin_guard, which
// turns interrupts off first; one that they never take may use thread_spin_guard, which leaves them on.
// Debug builds check the ranks of the locks this CPU holds (lib/lock_rank.hpp).

#include "kernel/arch/cpu.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/lock_rank.hpp"

namespace arch {

class spinlock {
public:
    constexpr explicit spinlock(lib::lock_rank rank) : rank_(rank) {}
    spinlock(const spinlock&) = delete;
    spinlock& operator=(const spinlock&) = delete;

    /// Takes the lock, waiting for another CPU to release it. Prefer the guards.
    void lock() {
        preempt_disable();
        check_order_before();
        while (__atomic_exchange_n(&owner_, this_cpu().index + 1, __ATOMIC_ACQUIRE) != 0) {
            while (__atomic_load_n(&owner_, __ATOMIC_RELAXED) != 0) {
                cpu_relax();
            }
        }
        note_taken();
    }
    void unlock() {
        note_released();
        __atomic_store_n(&owner_, 0, __ATOMIC_RELEASE);
        preempt_enable();
    }

    /// True if this CPU holds it; for assertions in functions named ..._locked.
    bool held() const { return __atomic_load_n(&owner_, __ATOMIC_RELAXED) == this_cpu().index + 1; }

private:
#ifdef LUMOS_DEBUG
    void check_order_before() const;
    void note_taken() const;
    void note_released() const;
#else
    void check_order_before() const {}
    void note_taken() const {}
    void note_released() const {}
#endif

    uint32_t owner_ = 0; ///< Index of the holding CPU plus one, 0 if free.
    lib::lock_rank rank_;
};

/// Holds a lock with interrupts off ("lock_irqsave").
class [[nodiscard]] spin_guard {
public:
    explicit spin_guard(spinlock& lock) : lock_(lock) { lock_.lock(); }
    ~spin_guard() { lock_.unlock(); }
    spin_guard(const spin_guard&) = delete;
    spin_guard& operator=(const spin_guard&) = delete;

private:
    irq_guard interrupts_off_; ///< First member: interrupts go off before the lock is taken.
    spinlock& lock_;
};

/// Holds a lock that no interrupt handler takes; interrupts stay as they are.
class [[nodiscard]] thread_spin_guard {
public:
    explicit thread_spin_guard(spinlock& lock) : lock_(lock) { lock_.lock(); }
    ~thread_spin_guard() { lock_.unlock(); }
    thread_spin_guard(const thread_spin_guard&) = delete;
    thread_spin_guard& operator=(const thread_spin_guard&) = delete;

private:
    spinlock& lock_;
};

} // namespace arch
