#pragma once
// Fills the root file system from a cpio archive ("newc" format, as `cpio -o -H newc` makes it).

#include "kernel/lib/result.hpp"

#include <cstddef>

namespace fs {

/// Unpacks the archive at / and returns the number of entries. The archive is not trusted: a malformed one
/// ends with EINVAL at the first bad header, keeping what came before. Process context, at boot. ENOMEM.
lib::result<size_t> unpack_initramfs(const void* archive, size_t length);

/// Everything at boot in its order: root, /dev, /proc, the archive if there is one, the mounts.
/// Called by kernel_main from the first thread. ENOMEM, EINVAL.
lib::result<void> initialize(const void* archive, size_t length);

} // namespace fs
