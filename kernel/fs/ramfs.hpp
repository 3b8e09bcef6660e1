#pragma once
// Files in memory. A regular file is a sparse array of page frames (ramfs_pages), which is at once the
// page cache: read and write copy from and to these frames, mmap maps them, so a program image is never
// copied to be run. Pages live as long as the file or a mapping of it does.

#include "kernel/fs/dentry.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

namespace fs {

/// A new empty file system of this kind: its root directory. ENOMEM.
lib::result<lib::ref<dentry>> make_ramfs(uint32_t root_mode);

/// Pages that files may still take, all file systems of this kind together. Any context.
size_t space_for_files();

/// Gives a fresh symbolic link its target. ENOMEM.
lib::result<void> set_link_target(inode& link, const char* target);

/// A file without a name that mmap can share: for memfd and shared anonymous memory. ENOMEM.
lib::result<lib::ref<inode>> new_unnamed_file(uint32_t mode);

} // namespace fs
