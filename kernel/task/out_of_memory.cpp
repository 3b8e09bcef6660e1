#include "kernel/task/out_of_memory.hpp"

// Memory is promised generously (fork, mmap) and given at the first touch, so the promise can break. Then
// the process with the most resident memory is killed: it is the likeliest cause, and its end helps most.
// init is spared as long as there is anybody else.
//
// One victim at a time: while it is dying, others who run out wait for it instead of choosing the next.

#include "kernel/arch/clock.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/signal.hpp"
#include "kernel/task/timer.hpp"

namespace task {

namespace {

constexpr int init_id = 1;
constexpr uint64_t patience_ns = 10'000'000;

struct search {
    process* largest = nullptr;
    uint64_t largest_bytes = 0;
    bool somebody_is_dying = false;
};

void consider(process& each, void* context) {
    auto& best = *static_cast<search*>(context);
    uint64_t bytes = 0;
    {
        // Without a count on the space: dropping the last one could sleep, which is forbidden here.
        const arch::spin_guard guard(each.details_lock);
        bytes = each.space ? each.space->usage().resident_bytes : 0;
    }
    {
        const arch::spin_guard guard(each.signals.lock);
        if (each.signals.exiting) {
            best.somebody_is_dying = true;
            return;
        }
    }
    if (each.id != init_id && bytes > best.largest_bytes) {
        best.largest = &each;
        best.largest_bytes = bytes;
    }
}

} // namespace

void make_room() {
    search best;
    lib::ref<process> victim;
    {
        const arch::spin_guard guard(process_table_lock);
        for_each_process_locked(consider, &best);
        victim = lib::ref<process>::share(best.largest);
    }
    if (best.somebody_is_dying) {
        (void)sleep_until(arch::clock_now_ns() + patience_ns).ok(); // a signal may cut it short
        return;
    }
    if (!victim) {
        force_signal(SIGKILL, {}); // init alone fills the machine
        return;
    }
    LOG_WARNING("out of memory: %s[%d] ends, it uses %lu KiB", victim->name, victim->id,
                best.largest_bytes / 1024);
    send_signal(*victim, SIGKILL);
    if (victim.get() != &current_process()) {
        (void)sleep_until(arch::clock_now_ns() + patience_ns).ok();
    }
}

} // namespace task
