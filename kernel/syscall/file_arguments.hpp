#pragma once
// Arguments that many calls about files share: a descriptor, a path relative to one, a list of iovecs.
// Each is copied from user memory once. Process context; they live on the stack of one call.

#include "kernel/fs/dentry.hpp"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/io_buffer.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

namespace syscall {

/// The calling process's descriptors.
fs::fd_table& current_files();

/// Is an empty path the directory itself (AT_EMPTY_PATH), or ENOENT as usual?
enum class empty_path : unsigned char { refused, allowed };

/// A path and where it begins: the pair (dirfd, path) of the *at calls.
class path_argument {
public:
    path_argument() = default;
    ~path_argument();
    path_argument(const path_argument&) = delete;
    path_argument& operator=(const path_argument&) = delete;

    /// Copies the path in. EFAULT, ENAMETOOLONG, EBADF, ENOTDIR (dirfd), ENOMEM. dirfd is not looked at if
    /// the path is absolute. AT_FDCWD: the working directory.
    lib::result<void> load(int dirfd, uint64_t address, empty_path policy = empty_path::refused);

    const char* text() const { return text_; }
    bool empty() const { return *text_ == '\0'; }
    /// For the functions of fs/path.hpp: null is the working directory.
    fs::dentry* start() const { return directory_ ? directory_->entry.get() : nullptr; }
    /// The file behind dirfd; null for AT_FDCWD and for absolute paths.
    const lib::ref<fs::file>& directory() const { return directory_; }

private:
    lib::ref<fs::file> directory_;
    char* text_ = short_text_;
    char short_text_[200] = {};
};

/// The array of iovecs of readv, sendmsg and the like.
class iovec_argument {
public:
    iovec_argument() = default;
    ~iovec_argument();
    iovec_argument(const iovec_argument&) = delete;
    iovec_argument& operator=(const iovec_argument&) = delete;

    /// Copies the array in; its total length is cut to fs::io_length_limit. EINVAL (more than 1024, a length
    /// above SSIZE_MAX), EFAULT, ENOMEM.
    lib::result<void> load(uint64_t address, uint64_t count);

    const fs::io_piece* pieces() const { return pieces_; }
    size_t count() const { return count_; }

private:
    fs::io_piece* pieces_ = few_;
    size_t count_ = 0;
    fs::io_piece few_[8];
};

} // namespace syscall
