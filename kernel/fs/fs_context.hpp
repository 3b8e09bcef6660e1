#pragma once
// Where a process stands in the tree: working directory, root, and umask. Copied by fork, shared by
// CLONE_FS.

#include "kernel/fs/dentry.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {

struct fs_context : lib::ref_counted {
    /// Guarded by the tree lock.
    lib::ref<dentry> root;
    lib::ref<dentry> working_directory;
    uint32_t umask = 022; ///< One word, read and exchanged atomically.

    /// Both at the root of the root file system: for the first process. ENOMEM.
    static lib::result<lib::ref<fs_context>> create();
    /// fork. ENOMEM.
    lib::result<lib::ref<fs_context>> copy();
    static void release_last(fs_context* context);
};

} // namespace fs
