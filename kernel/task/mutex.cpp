#include "kernel/task/mutex.hpp"

// The slow path of a mutex: mark it wanted and sleep until it is free. Whoever got it through the slow
// path leaves it marked, since others may still sleep; the price is one wake-up too many at the end.
//
// Debug builds keep, per thread, a bit for every rank held, and stop at a mutex that is taken while one
// of the same or a later rank is held (lib/lock_rank.hpp has the order).

#include "kernel/task/thread.hpp"

namespace task {

void mutex::lock_slow() {
    ASSERT(!held_by_current());
    const auto taken = [this] {
        return __atomic_exchange_n(&state_, state::wanted, __ATOMIC_ACQUIRE) == state::free;
    };
    const lib::result<void> outcome = waiters_.wait(taken, never, wait_kind::uninterruptible);
    ASSERT(outcome.ok());
}

#ifdef LUMOS_DEBUG
void mutex::note_locked() {
    thread& self = current();
    const uint64_t own_bit = uint64_t{1} << static_cast<unsigned>(rank_);
    ASSERT((self.mutex_ranks & ~(own_bit - 1)) == 0);
    self.mutex_ranks |= own_bit;
    owner_ = &self;
}

void mutex::note_unlocked() {
    ASSERT(held_by_current());
    owner_ = nullptr;
    current().mutex_ranks &= ~(uint64_t{1} << static_cast<unsigned>(rank_));
}
#endif

} // namespace task
