// The descriptor table: an array of slots that doubles as it fills, up to fd_limit. The spinlock is held
// for a few instructions only; allocating a larger array and closing files happen outside of it.

#include "kernel/fs/fd_table.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/process.h"
#include "kernel/fs/dentry.hpp"
#include "kernel/fs/file_lock.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

constexpr int first_capacity = 32;

/// One more than the largest descriptor that the calling process may get now.
int current_fd_limit() {
    const uint64_t soft = task::current_limit(RLIMIT_NOFILE);
    return soft < fd_limit ? static_cast<int>(soft) : fd_limit;
}

} // namespace

lib::result<lib::ref<fd_table>> fd_table::create() {
    auto* table = new (mm::mem_tag::file) fd_table();
    if (table == nullptr) {
        return lib::error{ENOMEM};
    }
    return lib::ref<fd_table>::adopt(table);
}

void fd_table::release_last(fd_table* table) {
    table->close_range(0, fd_limit);
    mm::kfree(table->slots_);
    delete table;
}

/// Makes sure of room for this many slots.
lib::result<void> fd_table::make_room(int slots) {
    if (slots > fd_limit) {
        return lib::error{EMFILE};
    }
    if (slots <= __atomic_load_n(&capacity_, __ATOMIC_RELAXED)) {
        return {};
    }
    int larger = first_capacity;
    while (larger < slots) {
        larger *= 2;
    }
    auto* fresh = static_cast<slot*>(mm::kmalloc_zeroed(sizeof(slot) * larger, mm::mem_tag::file));
    if (fresh == nullptr) {
        return lib::error{ENOMEM};
    }
    slot* unused = fresh; // What is to be freed: the old array, or ours if another thread was faster.
    {
        arch::thread_spin_guard guard(lock_);
        if (capacity_ < larger) {
            if (slots_ != nullptr) {
                memcpy(fresh, slots_, sizeof(slot) * capacity_);
            }
            unused = slots_;
            slots_ = fresh;
            capacity_ = larger;
        }
    }
    mm::kfree(unused);
    return {};
}

lib::result<lib::ref<fd_table>> fd_table::copy() {
    auto twin = TRY(create());
    TRY(twin->make_room(first_capacity));
    for (;;) {
        const int wanted = __atomic_load_n(&capacity_, __ATOMIC_RELAXED);
        TRY(twin->make_room(wanted));
        arch::thread_spin_guard guard(lock_);
        if (capacity_ > twin->capacity_) {
            continue; // It grew meanwhile.
        }
        for (int fd = 0; fd < capacity_; fd++) {
            if (slots_[fd].open != nullptr) { // What is only reserved belongs to a call of this process.
                twin->slots_[fd] = slots_[fd];
                slots_[fd].open->get();
            }
        }
        return twin;
    }
}

lib::result<int> fd_table::install(lib::ref<file> f, fd_flags flags, int minimum) {
    const int fd = TRY(reserve(flags, minimum));
    settle(fd, std::move(f));
    return fd;
}

lib::result<int> fd_table::reserve(fd_flags flags, int minimum) {
    const int limit = current_fd_limit();
    if (minimum < 0 || minimum >= limit) {
        return lib::error{minimum == 0 ? EMFILE : EINVAL};
    }
    for (;;) {
        int fd = 0;
        {
            arch::thread_spin_guard guard(lock_);
            fd = minimum > lowest_free_ ? minimum : lowest_free_;
            while (fd < capacity_ && (slots_[fd].open != nullptr || slots_[fd].reserved)) {
                fd++;
            }
            if (fd < capacity_ && fd < limit) {
                slots_[fd] = {nullptr, flags == fd_flags::close_on_exec, true};
                if (minimum <= lowest_free_) {
                    lowest_free_ = fd + 1;
                }
                return fd;
            }
        }
        if (fd >= limit) {
            return lib::error{EMFILE};
        }
        TRY(make_room(fd + 1));
    }
}

void fd_table::settle(int fd, lib::ref<file> f) {
    arch::thread_spin_guard guard(lock_);
    ASSERT(fd < capacity_ && slots_[fd].reserved);
    slots_[fd].reserved = false;
    slots_[fd].open = f.leak();
    if (slots_[fd].open == nullptr && fd < lowest_free_) {
        lowest_free_ = fd;
    }
}

lib::result<lib::ref<file>> fd_table::get(int fd) {
    arch::thread_spin_guard guard(lock_);
    if (static_cast<unsigned>(fd) >= static_cast<unsigned>(capacity_)) {
        return lib::error{EBADF};
    }
    // A mispredicted bounds check must not read beyond the table (Spectre variant 1).
    uint64_t index = static_cast<unsigned>(fd);
    uint64_t mask = 0;
    asm("cmpq %2, %1; sbbq %0, %0" : "=r"(mask) : "r"(index), "r"(static_cast<uint64_t>(capacity_)) : "cc");
    file* open = slots_[index & mask].open;
    if (open == nullptr) {
        return lib::error{EBADF};
    }
    return lib::ref<file>::share(open);
}

lib::result<void> fd_table::install_at(int fd, lib::ref<file> f, fd_flags flags) {
    if (fd < 0 || fd >= current_fd_limit()) {
        return lib::error{EBADF};
    }
    TRY(make_room(fd + 1));
    lib::ref<file> replaced; // Closed after the lock was given back.
    {
        arch::thread_spin_guard guard(lock_);
        if (slots_[fd].reserved) {
            return lib::error{EBUSY};
        }
        replaced = lib::ref<file>::adopt(slots_[fd].open);
        slots_[fd] = {f.leak(), flags == fd_flags::close_on_exec, false};
    }
    if (replaced) {
        forget_record_locks(*replaced, *this);
    }
    return {};
}

/// Empties a slot and returns what was there, or null.
lib::ref<file> fd_table::take(int fd) {
    arch::thread_spin_guard guard(lock_);
    if (static_cast<unsigned>(fd) >= static_cast<unsigned>(capacity_) || slots_[fd].open == nullptr) {
        return nullptr;
    }
    auto taken = lib::ref<file>::adopt(slots_[fd].open);
    slots_[fd] = {};
    if (fd < lowest_free_) {
        lowest_free_ = fd;
    }
    return taken;
}

lib::result<void> fd_table::close(int fd) {
    const lib::ref<file> closed = take(fd);
    if (!closed) {
        return lib::error{EBADF};
    }
    // POSIX: closing any descriptor of a file gives up all record locks that the process has on it.
    forget_record_locks(*closed, *this);
    return {};
}

void fd_table::close_range(unsigned first, unsigned last) {
    for (int fd = next_used(static_cast<int>(first)); fd >= 0 && static_cast<unsigned>(fd) <= last;
         fd = next_used(fd + 1)) {
        (void)close(fd);
    }
}

lib::result<fd_flags> fd_table::flags(int fd) {
    arch::thread_spin_guard guard(lock_);
    if (static_cast<unsigned>(fd) >= static_cast<unsigned>(capacity_) || slots_[fd].open == nullptr) {
        return lib::error{EBADF};
    }
    return slots_[fd].close_on_exec ? fd_flags::close_on_exec : fd_flags::none;
}

lib::result<void> fd_table::set_flags(int fd, fd_flags flags) {
    arch::thread_spin_guard guard(lock_);
    if (static_cast<unsigned>(fd) >= static_cast<unsigned>(capacity_) || slots_[fd].open == nullptr) {
        return lib::error{EBADF};
    }
    slots_[fd].close_on_exec = flags == fd_flags::close_on_exec;
    return {};
}

void fd_table::close_on_exec() {
    for (int fd = next_used(0); fd >= 0; fd = next_used(fd + 1)) {
        const auto marked = flags(fd);
        if (marked.ok() && marked.value() == fd_flags::close_on_exec) {
            (void)close(fd);
        }
    }
}

int fd_table::next_used(int fd) {
    arch::thread_spin_guard guard(lock_);
    for (fd = fd < 0 ? 0 : fd; fd < capacity_; fd++) {
        if (slots_[fd].open != nullptr) {
            return fd;
        }
    }
    return -1;
}

lib::result<fd_table::location> fd_table::locate(int fd) {
    arch::thread_spin_guard guard(lock_);
    if (static_cast<unsigned>(fd) >= static_cast<unsigned>(capacity_) || slots_[fd].open == nullptr) {
        return lib::error{EBADF};
    }
    return location{slots_[fd].open->entry, slots_[fd].open->node};
}

lib::result<reserved_fd> reserved_fd::take(lib::ref<fd_table> table, fd_flags flags) {
    const int number = TRY(table->reserve(flags));
    return reserved_fd(std::move(table), number);
}

reserved_fd::~reserved_fd() {
    if (table_) {
        table_->settle(number_, nullptr);
    }
}

int reserved_fd::install(lib::ref<file> f) {
    table_->settle(number_, std::move(f));
    table_.reset();
    return number_;
}

int fd_table::used_count() {
    arch::thread_spin_guard guard(lock_);
    int used = 0;
    for (int fd = 0; fd < capacity_; fd++) {
        used += slots_[fd].open != nullptr ? 1 : 0;
    }
    return used;
}

} // namespace fs
