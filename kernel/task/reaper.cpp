#include "kernel/task/reaper.hpp"

// Two singly linked lists without locks: whoever hands over pushes with one compare-and-exchange, the
// reaper takes a whole list with one exchange. That works in every context, also where a switch is
// half done.
//
// A thread is on the list before it has left its stack, and may even be preempted on its last steps. The
// reaper frees it only after having seen, under the lock of its run queue, that it neither runs nor is to
// run again: that lock is held throughout a switch.

#include "kernel/mm/address_space.hpp"
#include "kernel/task/kernel_thread.hpp"
#include "kernel/task/run_queue.hpp"
#include "kernel/task/scheduler.hpp"
#include "kernel/task/thread.hpp"
#include "kernel/task/wait_queue.hpp"

namespace task {

namespace {

thread* dead_threads = nullptr;
mm::address_space* dead_spaces = nullptr;
thread* reaper_thread = nullptr;
bool work_waits = false;

template <class T>
void push(T*& list, T& dead) {
    T* first = __atomic_load_n(&list, __ATOMIC_RELAXED);
    do {
        dead.next_dead = first;
    } while (!__atomic_compare_exchange_n(&list, &first, &dead, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    __atomic_store_n(&work_waits, true, __ATOMIC_SEQ_CST);
    wake(*reaper_thread);
}

void wait_until_off_cpu(thread& dead) {
    for (;;) {
        {
            const arch::spin_guard guard(dead.home->lock);
            if (dead.home->running != &dead && !dead.run_link.linked()) {
                return;
            }
        }
        yield();
    }
}

void free_all() {
    thread* dead = __atomic_exchange_n(&dead_threads, nullptr, __ATOMIC_ACQUIRE);
    while (dead != nullptr) {
        thread* next = dead->next_dead;
        wait_until_off_cpu(*dead);
        lib::ref<thread>::adopt(dead).reset();
        dead = next;
    }
    mm::address_space* space = __atomic_exchange_n(&dead_spaces, nullptr, __ATOMIC_ACQUIRE);
    while (space != nullptr) {
        mm::address_space* next = space->next_dead;
        mm::address_space::release_last(space);
        space = next;
    }
}

// Sleeps on a bare state instead of a wait queue: it is woken with a run queue's lock just released and
// from places where a wait queue's lock may be held.
void reaper_main(void*) {
    thread& self = current();
    for (;;) {
        __atomic_store_n(&self.state, thread_state::sleeping, __ATOMIC_SEQ_CST);
        if (!__atomic_exchange_n(&work_waits, false, __ATOMIC_SEQ_CST)) {
            schedule();
            continue;
        }
        __atomic_store_n(&self.state, thread_state::runnable, __ATOMIC_SEQ_CST);
        free_all();
    }
}

} // namespace

void reap_thread(thread& dead) {
    push(dead_threads, dead);
}

void reap_space(mm::address_space& dead) {
    push(dead_spaces, dead);
}

lib::result<void> start_reaper() {
    reaper_thread = TRY(create_kernel_thread("reaper", reaper_main, nullptr));
    return {};
}

} // namespace task
