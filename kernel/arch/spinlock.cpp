// The order check of debug builds: each CPU keeps the ranks of the spin locks it holds. A thread that
// spins or holds cannot move to another CPU, so the list needs no lock itself. An interrupt handler's
// locks come on top of those it interrupted: it may interrupt only holders that left interrupts on, and
// the check sees exactly the orders that could deadlock.

#include "kernel/arch/spinlock.hpp"

#ifdef LUMOS_DEBUG
namespace arch {
namespace {

constexpr uint32_t most_locks = sizeof(percpu::lock_ranks);

} // namespace

void spinlock::check_order_before() const {
    const percpu& cpu = this_cpu();
    ASSERT(!held());
    ASSERT(cpu.lock_depth < most_locks);
    ASSERT(cpu.lock_depth == 0 || cpu.lock_ranks[cpu.lock_depth - 1] < static_cast<uint8_t>(rank_));
}

void spinlock::note_taken() const {
    percpu& cpu = this_cpu();
    cpu.lock_ranks[cpu.lock_depth] = static_cast<uint8_t>(rank_);
    ++cpu.lock_depth;
}

void spinlock::note_released() const {
    percpu& cpu = this_cpu();
    ASSERT(held());
    // Mostly the last one taken, but the order of release is free.
    uint32_t at = cpu.lock_depth;
    while (at != 0 && cpu.lock_ranks[at - 1] != static_cast<uint8_t>(rank_)) {
        --at;
    }
    ASSERT(at != 0);
    for (; at < cpu.lock_depth; ++at) {
        cpu.lock_ranks[at - 1] = cpu.lock_ranks[at];
    }
    --cpu.lock_depth;
}

} // namespace arch
#endif
