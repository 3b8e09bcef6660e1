// Advisory locks (fcntl F_SETLK, F_OFD_SETLK and flock). One mutex guards the locks of all files, one wait
// queue holds all who wait: locks are few and short, and a woken waiter looks at its own conflict only.
//
// Setting a lock on a range first cuts the owner's locks out of that range, which may leave two ends of one
// lock: that is the one allocation beside the new lock itself, and both are made before anything changes.

#include "kernel/fs/file_lock.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/fd_table.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/mutex.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/wait_queue.hpp"

namespace fs {

struct file_lock {
    file_lock* next;
    const void* owner;
    lock_kind kind;
    bool exclusive;
    uint64_t first; ///< Bytes first to last, both included.
    uint64_t last;
    int process_id; ///< For F_GETLK; -1 for locks that a file owns.
};

namespace {

constexpr uint64_t end_of_file = ~uint64_t{0} >> 1;

task::mutex locks_mutex{lib::lock_rank::file_lock};
task::wait_queue locks_changed;

struct range {
    uint64_t first;
    uint64_t last;
};

lib::result<range> range_of(const file& f, const struct flock& wanted) {
    int64_t start = 0;
    int64_t end = 0;
    if (wanted.l_whence == SEEK_CUR) {
        start = static_cast<int64_t>(f.offset);
    } else if (wanted.l_whence == SEEK_END) {
        start = static_cast<int64_t>(__atomic_load_n(&f.node->size, __ATOMIC_RELAXED));
    } else if (wanted.l_whence != SEEK_SET) {
        return lib::error{EINVAL};
    }
    if (__builtin_add_overflow(start, wanted.l_start, &start) || start < 0) {
        return lib::error{EINVAL};
    }
    if (wanted.l_len == 0) {
        return range{static_cast<uint64_t>(start), end_of_file};
    }
    if (__builtin_add_overflow(start, wanted.l_len, &end) || end < 0) {
        return lib::error{wanted.l_len > 0 ? EOVERFLOW : EINVAL};
    }
    if (wanted.l_len < 0) {
        return range{static_cast<uint64_t>(end), static_cast<uint64_t>(start) - 1};
    }
    return range{static_cast<uint64_t>(start), static_cast<uint64_t>(end) - 1};
}

file_lock* find_conflict_locked(const inode& node, const file_lock& wanted) {
    for (file_lock* held = node.locks; held != nullptr; held = held->next) {
        const bool overlaps = held->first <= wanted.last && wanted.first <= held->last;
        if (overlaps && held->kind == wanted.kind && held->owner != wanted.owner &&
            (held->exclusive || wanted.exclusive)) {
            return held;
        }
    }
    return nullptr;
}

/// Cuts the range out of the owner's locks. spare becomes the second part of one that is cut in two.
void cut_locked(inode& node, const file_lock& range, file_lock*& spare) {
    file_lock** link = &node.locks;
    while (*link != nullptr) {
        file_lock& held = **link;
        const bool overlaps = held.first <= range.last && range.first <= held.last;
        if (held.owner != range.owner || held.kind != range.kind || !overlaps) {
            link = &held.next;
            continue;
        }
        const bool keeps_head = held.first < range.first;
        const bool keeps_tail = held.last > range.last;
        if (keeps_head && keeps_tail) {
            *spare = held;
            spare->first = range.last + 1;
            held.next = spare;
            held.last = range.first - 1;
            spare = nullptr;
            return; // An owner's locks do not overlap: this was the only one here.
        }
        if (keeps_head) {
            held.last = range.first - 1;
            link = &held.next;
        } else if (keeps_tail) {
            held.first = range.last + 1;
            link = &held.next;
        } else {
            *link = held.next;
            delete &held;
        }
    }
}

enum class change : unsigned char { lock, unlock };

lib::result<void> change_lock(inode& node, const file_lock& wanted, change what, lock_wait wait) {
    auto* fresh = new (mm::mem_tag::file) file_lock(wanted);
    auto* spare = new (mm::mem_tag::file) file_lock(wanted);
    lib::result<void> outcome;
    if (fresh == nullptr || spare == nullptr) {
        outcome = lib::error{ENOLCK};
    } else {
        task::mutex_guard guard(locks_mutex);
        const auto is_free = [&] {
            return what == change::unlock || find_conflict_locked(node, wanted) == nullptr;
        };
        if (wait == lock_wait::sleep) {
            outcome = locks_changed.wait(locks_mutex, is_free);
        } else if (!is_free()) {
            outcome = lib::error{EAGAIN};
        }
        if (outcome.ok()) {
            cut_locked(node, wanted, spare);
            if (what == change::lock) {
                fresh->next = node.locks;
                node.locks = fresh;
                fresh = nullptr;
            }
        }
    }
    delete fresh;
    delete spare;
    locks_changed.wake_all();
    return outcome;
}

/// Removes the locks for which gone(lock) holds.
template <class Predicate>
void remove_locks(inode& node, Predicate gone) {
    if (__atomic_load_n(&node.locks, __ATOMIC_RELAXED) == nullptr) {
        return;
    }
    {
        task::mutex_guard guard(locks_mutex);
        file_lock** link = &node.locks;
        while (*link != nullptr) {
            file_lock* held = *link;
            if (gone(*held)) {
                *link = held->next;
                delete held;
            } else {
                link = &held->next;
            }
        }
    }
    locks_changed.wake_all();
}

} // namespace

lib::result<void> set_record_lock(file& f, const void* owner, const struct flock& wanted, lock_wait wait) {
    const range where = TRY(range_of(f, wanted));
    const bool allowed = (wanted.l_type == F_RDLCK && f.readable()) ||
                         (wanted.l_type == F_WRLCK && f.writable()) || wanted.l_type == F_UNLCK;
    if (!allowed) {
        return lib::error{wanted.l_type == F_RDLCK || wanted.l_type == F_WRLCK ? EBADF : EINVAL};
    }
    const int process_id = owner == &f ? -1 : task::current_process().id;
    const file_lock lock{nullptr,     owner,      lock_kind::record, wanted.l_type == F_WRLCK,
                         where.first, where.last, process_id};
    return change_lock(*f.node, lock, wanted.l_type == F_UNLCK ? change::unlock : change::lock, wait);
}

lib::result<void> test_record_lock(file& f, const void* owner, struct flock& wanted) {
    const range where = TRY(range_of(f, wanted));
    if (wanted.l_type != F_RDLCK && wanted.l_type != F_WRLCK) {
        return lib::error{EINVAL};
    }
    const file_lock asked{nullptr,    owner, lock_kind::record, wanted.l_type == F_WRLCK, where.first,
                          where.last, 0};
    task::mutex_guard guard(locks_mutex);
    const file_lock* conflict = find_conflict_locked(*f.node, asked);
    if (conflict == nullptr) {
        wanted.l_type = F_UNLCK;
        return {};
    }
    const bool to_end = conflict->last == end_of_file;
    wanted.l_type = conflict->exclusive ? F_WRLCK : F_RDLCK;
    wanted.l_whence = SEEK_SET;
    wanted.l_start = static_cast<int64_t>(conflict->first);
    wanted.l_len = to_end ? 0 : static_cast<int64_t>(conflict->last - conflict->first + 1);
    wanted.l_pid = conflict->process_id;
    return {};
}

lib::result<void> set_whole_file_lock(file& f, int operation, lock_wait wait) {
    if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN) {
        return lib::error{EINVAL};
    }
    const file_lock lock{nullptr, &f, lock_kind::whole_file, operation == LOCK_EX, 0, end_of_file, -1};
    return change_lock(*f.node, lock, operation == LOCK_UN ? change::unlock : change::lock, wait);
}

void forget_record_locks(file& f, const fd_table& owner) {
    remove_locks(*f.node, [&](const file_lock& held) { return held.owner == &owner; });
}

void forget_all_locks(inode& node) {
    remove_locks(node, [](const file_lock&) { return true; });
}

void forget_open_file_locks(file& f) {
    remove_locks(*f.node, [&](const file_lock& held) { return held.owner == &f; });
}

} // namespace fs
