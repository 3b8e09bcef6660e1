#include "kernel/task/futex.hpp"

// Waiters stand in one of 64 buckets, those of one address space in the same one. A waiter enters its bucket
// first and reads the word afterwards; a waker changes the word first and looks into the bucket afterwards:
// so a change between the two is either seen by the reader or met by the waker. Reading user memory may fault
// and sleep, which is why it happens outside the bucket's lock.
//
// A word is named by address space and address, which serves private futexes and those of threads; words
// in memory shared between processes are named by the object and the offset in it.

#include "kernel/abi/errno.h"
#include "kernel/abi/process.h"
#include "kernel/abi/time.h"
#include "kernel/arch/clock.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/wait_queue.hpp"

namespace task {

namespace {

struct futex_key {
    const void* object = nullptr;
    uint64_t offset = 0;

    bool operator==(const futex_key&) const = default;
};

struct futex_waiter {
    futex_key key;
    uint32_t bits = 0;
    bool chosen = false; ///< taken out of its bucket by a waker
    waiter sleeper;
    lib::list_link link;
};

struct bucket {
    arch::spinlock lock{lib::lock_rank::futexes};
    lib::list<futex_waiter, &futex_waiter::link> waiters;
};

constexpr unsigned bucket_count = 64;
bucket buckets[bucket_count];

bucket& bucket_of(const futex_key& key) {
    const uint64_t mixed = (reinterpret_cast<uint64_t>(key.object) >> 6) * 0x9e3779b97f4a7c15;
    return buckets[mixed >> 58];
}

struct shared_search {
    uint64_t address;
    futex_key key;
};

void look_for_shared_area(const mm::area& area, void* context) {
    auto& search = *static_cast<shared_search*>(context);
    const bool inside = search.address >= area.start && search.address < area.end;
    if (inside && (area.flags & MAP_TYPE) == MAP_SHARED && area.object) {
        search.key = {area.object.get(), area.offset + (search.address - area.start)};
    }
}

lib::result<futex_key> key_of(uint64_t address, int operation) {
    if ((address & 3) != 0) {
        return lib::error{EINVAL};
    }
    if (!mm::is_user_range(address, sizeof(uint32_t))) {
        return lib::error{EFAULT};
    }
    mm::address_space* space = current_process().space.get();
    if ((operation & FUTEX_PRIVATE_FLAG) == 0) {
        shared_search search{address, {}};
        space->for_each_area(look_for_shared_area, &search);
        if (search.key.object != nullptr) {
            return search.key;
        }
    }
    return futex_key{space, address};
}

void enter(futex_waiter& self) {
    bucket& home = bucket_of(self.key);
    const arch::spin_guard guard(home.lock);
    home.waiters.push_back(self);
}

// Leaves the bucket; true if a waker had chosen this waiter.
bool leave(futex_waiter& self) {
    bucket& home = bucket_of(self.key);
    const arch::spin_guard guard(home.lock);
    if (!self.chosen) {
        home.waiters.remove(self);
    }
    return self.chosen;
}

// Bucket lock held. The waiter may be gone as soon as the lock is released.
void choose_locked(bucket& home, futex_waiter& waiting) {
    home.waiters.remove(waiting);
    waiting.chosen = true;
    waiting.sleeper.wake();
}

unsigned wake_key(const futex_key& key, unsigned count, uint32_t bits) {
    bucket& home = bucket_of(key);
    const arch::spin_guard guard(home.lock);
    unsigned woken = 0;
    futex_waiter* at = home.waiters.front();
    while (at != nullptr && woken < count) {
        futex_waiter* next = home.waiters.next(*at);
        if (at->key == key && (at->bits & bits) != 0) {
            choose_locked(home, *at);
            woken++;
        }
        at = next;
    }
    return woken;
}

lib::result<long> wait(uint64_t address, int operation, uint32_t expected, uint64_t deadline_ns,
                       uint32_t bits) {
    if (bits == 0) {
        return lib::error{EINVAL};
    }
    futex_waiter self;
    self.key = TRY(key_of(address, operation));
    self.bits = bits;
    enter(self);
    const auto present = mm::fetch(mm::user_ptr<const uint32_t>(address));
    if (!present.ok() || present.value() != expected) {
        const bool chosen = leave(self);
        if (!present.ok()) {
            return lib::error{EFAULT};
        }
        return chosen ? lib::result<long>(0) : lib::error{EAGAIN};
    }
    const lib::result<void> outcome = self.sleeper.sleep(deadline_ns, wait_kind::interruptible);
    if (leave(self)) {
        return 0;
    }
    return outcome.ok() ? lib::result<long>(0) : outcome.error();
}

// Wakes some waiters and lets others wait for another word, so that a broadcast does not start a
// stampede for the mutex behind it. Words of different objects: all are woken, which is always allowed.
lib::result<long> requeue(uint64_t address, int operation, unsigned wake_count, unsigned move_count,
                          uint64_t address2) {
    const futex_key from = TRY(key_of(address, operation));
    const futex_key to = TRY(key_of(address2, operation));
    if (from.object != to.object) {
        return static_cast<long>(wake_key(from, ~0u, FUTEX_BITSET_MATCH_ANY));
    }
    const unsigned woken = wake_key(from, wake_count, FUTEX_BITSET_MATCH_ANY);
    unsigned moved = 0;
    bucket& home = bucket_of(from);
    const arch::spin_guard guard(home.lock);
    for (futex_waiter& each : home.waiters) {
        if (each.key == from && moved < move_count) {
            each.key = to;
            moved++;
        }
    }
    return static_cast<long>(woken) + moved;
}

lib::result<uint64_t> deadline_of(uint64_t timeout, int operation) {
    if (timeout == 0) {
        return never;
    }
    const auto time = TRY(mm::fetch(mm::user_ptr<const timespec>(timeout)));
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= 1'000'000'000) {
        return lib::error{EINVAL};
    }
    uint64_t span_ns;
    if (__builtin_mul_overflow(static_cast<uint64_t>(time.tv_sec), 1'000'000'000ul, &span_ns) ||
        __builtin_add_overflow(span_ns, static_cast<uint64_t>(time.tv_nsec), &span_ns)) {
        return never;
    }
    if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT) {
        uint64_t deadline_ns; // span_ns is relative
        return __builtin_add_overflow(arch::clock_now_ns(), span_ns, &deadline_ns) ? never : deadline_ns;
    }
    if ((operation & FUTEX_CLOCK_REALTIME) != 0) {
        const auto offset_ns = static_cast<uint64_t>(arch::clock_realtime_offset_ns());
        return span_ns > offset_ns ? span_ns - offset_ns : 0;
    }
    return span_ns;
}

} // namespace

void futex_wake(uint64_t address, unsigned count) {
    const auto key = key_of(address, 0);
    if (key.ok()) {
        wake_key(key.value(), count, FUTEX_BITSET_MATCH_ANY);
    }
}

lib::result<long> futex(uint64_t address, int operation, uint32_t value, uint64_t timeout_or_count,
                        uint64_t address2, uint32_t value3) {
    switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
        return wait(address, operation, value, TRY(deadline_of(timeout_or_count, operation)),
                    FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
        return wait(address, operation, value, TRY(deadline_of(timeout_or_count, operation)), value3);
    case FUTEX_WAKE:
        return static_cast<long>(wake_key(TRY(key_of(address, operation)), value, FUTEX_BITSET_MATCH_ANY));
    case FUTEX_WAKE_BITSET:
        if (value3 == 0) {
            return lib::error{EINVAL};
        }
        return static_cast<long>(wake_key(TRY(key_of(address, operation)), value, value3));
    case FUTEX_CMP_REQUEUE:
        if (TRY(mm::fetch(mm::user_ptr<const uint32_t>(address))) != value3) {
            return lib::error{EAGAIN};
        }
        [[fallthrough]];
    case FUTEX_REQUEUE:
        return requeue(address, operation, value, static_cast<unsigned>(timeout_or_count), address2);
    default:
        return lib::error{ENOSYS};
    }
}

} // namespace task
