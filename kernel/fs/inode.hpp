#pragma once
// An inode is a file without its name: type, owner, times, size and what can be done with it. Who holds a
// ref<inode> keeps it alive; the last one lets ops->destroy free what the file system attached, then the
// inode itself. Regular files carry their pages in `pages`, which is also what mmap maps.

#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/mm/backing.hpp"
#include "kernel/task/mutex.hpp"

#include <cstddef>
#include <cstdint>

struct stat;

namespace task {
struct credentials;
}

namespace fs {

struct dentry;
struct directory_sink;
struct file;
struct file_lock;
struct file_ops;
struct inode;
struct name_view;

/// What differs between file systems. An empty member means: not possible here (see each).
struct inode_ops {
    /// Makes a node for a new entry of the directory. Empty: the file system is read-only (EROFS).
    /// The tree lock is held. ENOSPC, ENOMEM.
    lib::result<lib::ref<inode>> (*make_node)(inode& directory, uint32_t mode, uint64_t rdev) = nullptr;
    /// An entry that is not in the directory's list of children because it is computed, as /proc/7.
    /// The tree lock is held. ENOENT if there is none. Empty: the list of children is all there is.
    lib::result<lib::ref<dentry>> (*lookup)(dentry& directory, const name_view& name) = nullptr;
    /// Tells the computed entries to the sink, from the cursor on. No lock held.
    lib::result<void> (*list)(dentry& directory, directory_sink& sink) = nullptr;
    /// Writes the target of a symbolic link, without a NUL, and returns its length. Called under the tree
    /// lock, unless the link has `follow` too.
    lib::result<size_t> (*read_link)(inode& link, char* target, size_t size_bytes) = nullptr;
    /// A link that leads to an object rather than along a path, as /proc/7/fd/3. The tree lock
    /// is held. ENOENT.
    lib::result<lib::ref<dentry>> (*follow)(inode& link) = nullptr;
    /// Makes the file this long; inode.lock is held. Empty: EINVAL.
    lib::result<void> (*truncate)(inode& node, uint64_t size_bytes) = nullptr;
    /// The file was opened; may change f.ops and f.private_data. Process context, may sleep.
    lib::result<void> (*open)(inode& node, file& f) = nullptr;
    /// Brings computed attributes (size, owner) up to date before stat. May be empty.
    void (*refresh)(inode& node) = nullptr;
    /// The last reference is gone: free what hangs off the node. May be empty. Takes no lock above inode.
    void (*destroy)(inode& node) = nullptr;
    /// statfs's f_type; 0 for ramfs, whose space is the machine's free memory.
    uint32_t magic = 0;
};

/// Seconds and nanoseconds since 1970.
struct file_time {
    int64_t seconds;
    uint32_t nanoseconds;
};

struct inode : lib::ref_counted {
    // Constant from creation on.
    const inode_ops* ops;
    const file_ops* default_file_ops; ///< For files opened on this node.
    uint64_t number;
    uint64_t device;         ///< st_dev: the file system it lives in.
    uint64_t rdev = 0;       ///< Of character and block devices.
    void* payload = nullptr; ///< The file system's own.

    /// Guards everything below, and the contents of regular files.
    task::mutex lock;
    uint32_t mode; ///< Type and permissions; the type never changes.
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint32_t links = 1; ///< Names; a directory counts itself and its children's "..".
    uint64_t size = 0;
    file_time accessed{};
    file_time modified{};
    file_time changed{};
    bool device_gone = false;    ///< What rdev meant was unregistered; guarded by devfs.cpp's lock.
    file_lock* locks = nullptr;  ///< Advisory locks; guarded by file_lock.cpp's mutex.
    lib::ref<mm::backing> pages; ///< Regular files: the page cache. Set once, at creation.

    inode(const inode_ops& node_ops, const file_ops& node_file_ops, uint32_t node_mode);

    static void release_last(inode* node);

    bool is_directory() const;
    bool is_regular() const;
    bool is_symlink() const;
};

/// A new inode with a unique number and the present time, owned by the caller's user. ENOMEM.
lib::result<lib::ref<inode>> new_inode(const inode_ops& ops, const file_ops& file_ops, uint32_t mode,
                                       uint64_t device, uint64_t rdev = 0);

/// An inode without a name in any directory, for sockets (S_IFSOCK | 0777), pipes and the like. Process
/// context. ENOMEM.
lib::result<lib::ref<inode>> new_anonymous_inode(uint32_t mode);

/// Fills what stat(2) tells. Process context, takes node.lock.
void describe(inode& node, struct stat& status);

/// The present time of the realtime clock, for time stamps. Any context.
file_time current_file_time();

/// Wanted kinds of access, as R_OK, W_OK, X_OK.
constexpr uint32_t may_read = 4;
constexpr uint32_t may_write = 2;
constexpr uint32_t may_execute = 1;

/// EACCES unless the calling process may do all of wanted. Any context with a process; takes no lock.
lib::result<void> check_access(const inode& node, uint32_t wanted);
/// The same for somebody else: access(2) asks with the real user.
lib::result<void> check_access(const inode& node, uint32_t wanted, const task::credentials& who);

/// True if the calling process is the owner or root: who may change mode, owner and times.
bool owns(const inode& node);

/// True for members of the group and root: who may make a file set-group-ID.
bool may_act_for_group(uint32_t gid);

/// The contents are about to change: unless root does it, a program loses the set-user-ID and set-group-ID
/// bits that its owner gave to the old contents. node.lock held.
void drop_set_ids_locked(inode& node);

/// Time stamps of a read and of a change; node.lock held.
void touch_accessed_locked(inode& node);
void touch_modified_locked(inode& node);

} // namespace fs
