#pragma once
// Creating entries, for open.cpp and names.cpp.

#include "kernel/fs/dentry.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {

class path_walk;

/// Makes a node (type and permissions, reduced by the umask) under the name that the walk found to be
/// free. Tree lock held. EEXIST, EACCES, EROFS, ENOENT (the directory was removed), ENOMEM.
lib::result<lib::ref<dentry>> create_child_locked(path_walk& found, uint32_t mode, uint64_t rdev);

} // namespace fs
