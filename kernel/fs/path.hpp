#pragma once
// Paths to dentries and what can be done with names. All take kernel strings (NUL-terminated, at most
// path_limit with it), run in process context, may sleep and take the tree lock. Relative paths begin at
// `start`, or at the working directory if that is null. Errors besides those named: ENOENT, ENOTDIR,
// EACCES, ELOOP (40 links), ENAMETOOLONG (255 per component), EROFS, ENOMEM.

#include "kernel/fs/dentry.hpp"
#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {

enum class last_link : unsigned char { follow, keep };

/// The entry that a path leads to.
lib::result<lib::ref<dentry>> walk(dentry* start, const char* path, last_link last = last_link::follow);

/// open(2) without the descriptor: O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_APPEND...
/// mode is reduced by the umask. EEXIST, EISDIR, ENXIO, ETXTBSY is not reported.
lib::result<lib::ref<file>> open(dentry* start, const char* path, uint32_t flags, uint32_t mode = 0);

/// Opens the node itself, without a look at permissions.
lib::result<lib::ref<file>> open_entry(lib::ref<dentry> entry, uint32_t flags);

/// A regular file that may be executed, opened for reading: EACCES otherwise.
lib::result<lib::ref<file>> open_program(dentry* start, const char* path);

/// mknod(2), mkdir(2): mode has the type and is reduced by the umask. EEXIST.
lib::result<lib::ref<dentry>> make_node(dentry* start, const char* path, uint32_t mode, uint64_t rdev = 0);
/// symlink(2). EEXIST.
lib::result<void> make_symlink(const char* target, dentry* start, const char* path);
/// link(2). EEXIST, EPERM (directories), EXDEV.
lib::result<void> make_link(dentry& existing, dentry* start, const char* path);
/// unlink(2): EISDIR, EBUSY. rmdir(2): ENOTDIR, ENOTEMPTY, EBUSY (mount point), EINVAL (".").
lib::result<void> unlink(dentry* start, const char* path);
lib::result<void> remove_directory(dentry* start, const char* path);

/// rename(2), renameat2(2) with RENAME_NOREPLACE. EXDEV, EINVAL (into itself), ENOTEMPTY, EISDIR...
lib::result<void> rename(dentry* old_start, const char* old_path, dentry* new_start, const char* new_path,
                         uint32_t flags = 0);

/// Makes the file system with this root cover the directory. type is a constant, as mount(2) calls it.
/// EBUSY if one does already, ENOTDIR, ENOSPC (16 mounts).
lib::result<void> mount(dentry& directory, lib::ref<dentry> root, const char* type);
/// Uncovers the mount whose root this is. EINVAL if it is none, EBUSY if something is mounted in it or if it
/// is the root of everything. A tmpfs loses its files; those that are open stay readable.
lib::result<void> unmount(dentry& root);

/// One mount, for /proc/mounts: false at the end of the list. Process context.
struct mount_description {
    lib::ref<dentry> root;
    const char* type;
};
bool describe_mount(size_t index, mount_description& description);

/// The root of everything. Valid after initialize_root().
dentry& root_entry();
/// Makes the root file system, an empty ramfs. Once, at boot. ENOMEM.
lib::result<void> initialize_root();

} // namespace fs
