#pragma once
// The descriptors of a process: small numbers for open files, the lowest free one first. Copied by fork,
// shared by threads (CLONE_FILES). A spinlock guards the table; files are closed outside of it, since
// closing may sleep.

#include "kernel/arch/spinlock.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>
#include <utility>

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
    /// The same without a file yet (see reserved_fd): nobody else gets the number, and it names nothing.
    lib::result<int> reserve(fd_flags flags, int minimum = 0);
    /// Gives a reserved descriptor its file; null: it is free again.
    void settle(int fd, lib::ref<file> f);
    /// The file; the caller's count keeps it open even if another thread closes the descriptor. EBADF.
    lib::result<lib::ref<file>> get(int fd);
    /// dup2: puts the file at this very number and closes what was there. EBADF, EBUSY (reserved), ENOMEM.
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
        bool reserved; ///< Not free, though no file is open.
    };

    fd_table() = default;
    ~fd_table() = default;
    lib::result<void> make_room(int slots);
    lib::ref<file> take(int fd);

    arch::spinlock lock_{lib::lock_rank::fd_table};
    slot* slots_ = nullptr; ///< Guarded by lock_, as all below.
    int capacity_ = 0;
    int lowest_free_ = 0; ///< No descriptor below is free.
};

/// A descriptor for a call that must know that it gets one before it does what cannot be undone: accept()
/// takes a connection off its queue. Without install() it is given back.
class reserved_fd {
public:
    /// The lowest free one. EMFILE, ENOMEM.
    static lib::result<reserved_fd> take(lib::ref<fd_table> table, fd_flags flags);
    reserved_fd(reserved_fd&& other) noexcept = default;
    reserved_fd& operator=(reserved_fd&&) = delete;
    ~reserved_fd();

    int number() const { return number_; }
    /// From now on the file is open under the number, which is returned.
    int install(lib::ref<file> f);

private:
    reserved_fd(lib::ref<fd_table> table, int number) : table_(std::move(table)), number_(number) {}

    lib::ref<fd_table> table_; ///< Null: nothing to give back.
    int number_;
};

} // namespace fs
