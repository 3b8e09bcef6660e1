#pragma once
// Reading directories: shared by all file systems, since their entries are dentries.

#include "kernel/fs/file.hpp"

namespace fs {

/// The ops of every open directory.
extern const file_ops tree_directory_ops;

} // namespace fs
