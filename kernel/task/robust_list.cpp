#include "kernel/task/futex.hpp"

// Robust mutexes (Linux: Documentation/locking/robust-futexes.rst): a thread keeps a list, in its own
// memory, of the mutexes it holds. When it dies, the kernel walks the list, marks each word that still
// names the thread, and wakes one waiter, who then learns that the owner died. The list is the program's
// and may be damaged: every step is a checked copy, and the number of steps is bounded.

#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/thread.hpp"

namespace task {

namespace {

constexpr unsigned entry_limit = 2048;
constexpr uint32_t owner_mask = 0x3fffffff;
constexpr uint32_t owner_died = 0x40000000;
constexpr uint32_t waiters_exist = 0x80000000;

// As user space has it (Linux: struct robust_list_head).
struct list_head {
    uint64_t first;
    int64_t futex_offset;
    uint64_t pending; // a mutex in the middle of being taken or released
};

// A waiter that marks the word between our look and our store retries: its expected value is gone.
void mark_owner_dead(uint64_t word_address, int thread_id) {
    const mm::user_ptr<uint32_t> word(word_address);
    const auto value = mm::fetch(mm::user_ptr<const uint32_t>(word));
    if (!value.ok() || (value.value() & owner_mask) != static_cast<uint32_t>(thread_id)) {
        return;
    }
    if (mm::store(word, (value.value() & waiters_exist) | owner_died).ok()) {
        futex_wake(word_address, 1);
    }
}

} // namespace

void release_robust_list(thread& dying) {
    const uint64_t head_address = std::exchange(dying.robust_list, 0);
    if (head_address == 0) {
        return;
    }
    const auto head = mm::fetch(mm::user_ptr<const list_head>(head_address));
    if (!head.ok()) {
        return;
    }
    const auto offset = static_cast<uint64_t>(head.value().futex_offset);
    uint64_t entry = head.value().first;
    for (unsigned i = 0; i < entry_limit && entry != head_address; i++) {
        // The next pointer first: after the wake-up the memory may be used for something else.
        const auto next = mm::fetch(mm::user_ptr<const uint64_t>(entry & ~uint64_t{1}));
        if (entry != head.value().pending) {
            mark_owner_dead((entry & ~uint64_t{1}) + offset, dying.id);
        }
        if (!next.ok()) {
            break;
        }
        entry = next.value();
    }
    if (head.value().pending != 0) {
        mark_owner_dead((head.value().pending & ~uint64_t{1}) + offset, dying.id);
    }
}

} // namespace task
