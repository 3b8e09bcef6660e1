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
    lib::ref<process> largest;
    uint64_t largest_bytes = 0;
    bool somebody_is_dying = false;
};

bool is_dying(process& each) {
    const arch::spin_guard guard(each.signals.lock);
    return each.signals.exiting;
}

// Goes from id to id: sizes are asked for without the table's lock, which interrupt handlers take too.
search look_for_victim() {
    search best;
    for (int id = next_process_id(0); id != 0; id = next_process_id(id)) {
        lib::ref<process> each = find_process(id);
        const lib::ref<mm::address_space> space = each ? space_of(*each) : nullptr;
        if (!space) {
            continue;
        }
        const uint64_t bytes = space->usage().resident_bytes;
        if (is_dying(*each)) {
            best.somebody_is_dying = true;
        } else if (id != init_id && bytes > best.largest_bytes) {
            best.largest = std::move(each);
            best.largest_bytes = bytes;
        }
    }
    return best;
}

} // namespace

void make_room() {
    const search best = look_for_victim();
    const lib::ref<process>& victim = best.largest;
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
