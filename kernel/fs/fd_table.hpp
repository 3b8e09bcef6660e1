#pragma once
// The descriptors of a process: small numbers for open files, the lowest free one first. Copied by fork,
// shared by threads (CLONE_FILES). A spinlock guards the table; files are closed outside of it, since
// closing may sleep.

#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {

constexpr int fd_limit = 1024; ///< Per process: RLIMIT_NOFILE.

enum class fd_flags : unsigned char { none, close_on_exec };

class fd_table : public lib::ref_counted {
public:
    using lib::ref_counted::get;

    /// An empty table. ENOMEM.
    static lib::result<lib::ref<fd_table>> create();
    /// fork: the same files under the same numbers. ENOMEM.
    lib::result<lib::ref<fd_table>> copy();
    static void release_last(fd_table* table); ///< Closes everything. May sleep.

    /// The lowest free descriptor at or above minimum. EMFILE, EINVAL (minimum out of range), ENOMEM.
    lib::result<int> install(lib::ref<file> f, fd_flags flags, int minimum = 0);
    /// The file; the caller's count keeps it open even if another thread closes the descriptor. EBADF.
    lib::result<lib::ref<file>> get(int fd);
    /// dup2: puts the file at this very number and closes what was there. EBADF, ENOMEM.
    lib::result<void> install_at(int fd, lib::ref<file> f, fd_flags flags);
    /// EBADF. May sleep (the last close of a file).
    lib::result<void> close(int fd);
    /// Closes first to last, both included, as close_range(2).
    void close_range(unsigned first, unsigned last);

    lib::result<fd_flags> flags(int fd);
    lib::result<void> set_flags(int fd, fd_flags flags);

    /// exec: closes what is marked so. May sleep.
    void close_on_exec();
    /// The first used descriptor at or above fd, or -1; to list /proc/N/fd.
    int next_used(int fd);
    /// The name and node of an open file, without a count on the file itself, whose end may sleep and take
    /// locks: for walks through /proc/N/fd under the tree lock. EBADF.
    struct location {
        lib::ref<dentry> entry; ///< May be null.
        lib::ref<inode> node;
    };
    lib::result<location> locate(int fd);
    /// Installed descriptors.
    int used_count();

private:
    struct slot {
        file* open;
        bool close_on_exec;
    };

    fd_table() = default;
    ~fd_table() = default;
    lib::result<void> reserve(int slots);
    lib::ref<file> take(int fd);

    arch::spinlock lock_{lib::lock_rank::fd_table};
    slot* slots_ = nullptr; ///< Guarded by lock_, as all below.
    int capacity_ = 0;
    int lowest_free_ = 0; ///< No descriptor below is free.
};

} // namespace fs
