#pragma once
// The tree of names. Every file system here lives in memory, so its directories *are* the lists of
// dentries below; nothing is cached and nothing has to be looked up twice.
//
// One sleeping mutex, the tree lock, guards all names, parents, children and mounts. It is held for a
// whole path walk (memory only, no I/O), which makes rename atomic without an order between directories.
//
//     directory --children--> dentry --node--> inode        a child counts its parent, so a working
//         ^----------parent------'                          directory stays usable after its rmdir

#include "kernel/fs/inode.hpp"
#include "kernel/lib/list.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/task/mutex.hpp"

#include <cstddef>
#include <cstdint>

namespace fs {

constexpr size_t path_limit = 4096;     ///< PATH_MAX, with the NUL.
constexpr size_t component_limit = 255; ///< NAME_MAX.
constexpr int symlink_limit = 40;       ///< Links followed in one walk.

/// One component of a path; not NUL-terminated.
struct name_view {
    const char* text;
    size_t length;

    bool operator==(const name_view& other) const;
};

/// A name_view of a C string.
name_view name_of(const char* text);

struct dentry : lib::ref_counted {
    lib::ref<inode> node; ///< Constant.

    // Guarded by the tree lock.
    lib::ref<dentry> parent; ///< Null for the root of a file system.
    char* name = nullptr;    ///< kmalloc'ed, NUL-terminated.
    uint32_t name_length = 0;
    uint32_t name_hash = 0;
    bool removed = false;     ///< Unlinked: still open somewhere, but no longer in the tree.
    uint64_t cookie = 0;      ///< Position in the parent's list, ascending, for readdir.
    lib::list_link sibling;   ///< In the parent's children, which hold one count.
    lib::ref<dentry> mounted; ///< The root that covers this directory.
    dentry* covers = nullptr; ///< For such a root: the directory that it covers (which counts us).

    dentry* bucket_next = nullptr; ///< In the parent's bucket.

    // Directories; guarded by the tree lock.
    lib::list<dentry, &dentry::sibling> children;
    uint64_t next_cookie = 3;   ///< 1 and 2 belong to "." and "..".
    dentry** buckets = nullptr; ///< Children by hash; none while they are few.
    uint32_t bucket_count = 0;  ///< A power of two.
    uint32_t child_count = 0;

    explicit dentry(lib::ref<inode> target) : node(std::move(target)) {}
    static void release_last(dentry* entry);
};

/// The lock of all names.
task::mutex& tree_lock();

/// A dentry outside any list of children: the root of a file system, a computed entry, a pipe. ENOMEM.
lib::result<lib::ref<dentry>> new_dentry(lib::ref<inode> node, lib::ref<dentry> parent,
                                         const name_view& name);

/// Looks one name up in a directory: children first, then ops->lookup. Tree lock held. ENOENT, ENOTDIR.
lib::result<lib::ref<dentry>> find_child_locked(dentry& directory, const name_view& name);

/// Adds a new entry for the node. Tree lock held; the name must be free. ENOMEM.
lib::result<lib::ref<dentry>> add_child_locked(dentry& directory, const name_view& name,
                                               lib::ref<inode> node);

/// Puts an entry that has parent and name set at the end of the directory's list, which takes a count. Tree
/// lock held.
void link_child_locked(dentry& directory, dentry& entry);

/// A free or taken name in a directory that may have had to be made.
struct place {
    lib::ref<dentry> directory;
    name_view name; ///< Points into the name that was asked for.
};

/// The place of a name with slashes below a root; makes directories that are missing with make_directory
/// (above). For the trees that the kernel fills. Tree lock held. ENOMEM.
lib::result<place> make_place_locked(dentry& root, const char* name,
                                     lib::result<lib::ref<inode>> (*make_directory)(inode& above));

/// Takes an entry out of its directory's list but leaves it its name and parent. The list's count is the
/// caller's now. Tree lock held.
void unlink_child_locked(dentry& entry);

/// Where ".." leads from here: across mounts, but never above root. Tree lock held.
dentry* parent_of_locked(dentry& entry, const dentry& root);

/// Takes an entry out of its directory and drops the directory's count. Tree lock held.
void remove_child_locked(dentry& entry);

/// Writes the absolute path of the entry as seen from root, with " (deleted)" if it was unlinked; returns
/// the length without the NUL. Takes the tree lock. ERANGE if it does not fit.
lib::result<size_t> absolute_path(dentry& entry, const dentry& root, char* buffer, size_t size_bytes);

/// Cursors from here on belong to entries that inode_ops.list computes.
constexpr uint64_t computed_cursor = uint64_t{1} << 40;

/// Where readdir tells its entries.
struct directory_sink {
    /// False: the buffer is full, stop and tell this entry again next time.
    bool (*emit)(directory_sink& self, const name_view& name, uint64_t inode_number, uint32_t mode,
                 uint64_t next_cursor);
    uint64_t cursor; ///< Where to begin: 0 at first, then the next_cursor of the last entry taken.
};

} // namespace fs
