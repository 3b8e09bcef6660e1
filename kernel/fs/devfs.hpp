#pragma once
// /dev: a ramfs whose entries drivers put there.

#include "kernel/fs/file.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {

/// Adds /dev/name (a slash makes a sub-directory). mode has the type (S_IFCHR | 0666); an opened file gets
/// the ops and f.private_data = context before ops are called. Process context, at boot or later; works
/// before /dev is mounted. EEXIST, ENOMEM.
lib::result<void> register_device(const char* name, uint32_t mode, uint64_t rdev, const file_ops& ops,
                                  void* context);
/// As above, with a say when the device is opened: open may set f.ops and f.private_data itself.
lib::result<void> register_device(const char* name, uint32_t mode, uint64_t rdev, const file_ops& ops,
                                  void* context, lib::result<void> (*open)(file& f, void* context));
/// Removes /dev/name; open files of it live on. ENOENT.
lib::result<void> unregister_device(const char* name);

/// Opens a character or block device node: finds the driver by its number, wherever the node lies (mknod).
/// ENXIO if there is none.
lib::result<void> open_device(inode& node, file& f);

/// Makes the tree with null zero full random urandom, mounted on /dev once the root is filled.
lib::result<void> initialize_devfs();

/// The root directory of devfs, for mounting.
lib::ref<dentry> devfs_root();

/// Linux's encoding of a device number.
constexpr uint64_t make_rdev(uint32_t major, uint32_t minor) {
    return (minor & 0xffu) | ((major & 0xfffu) << 8) | (uint64_t{minor & ~0xffu} << 12);
}

} // namespace fs
