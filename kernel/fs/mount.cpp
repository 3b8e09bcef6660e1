// The root, and what is mounted where. A mount is a pair of links between two dentries: the directory knows
// the root that covers it, the root knows the directory. Walks follow them (path.cpp); the table here is
// for those who ask what is mounted.

#include "kernel/abi/errno.h"
#include "kernel/fs/devfs.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/ramfs.hpp"

namespace fs {

namespace {

constexpr size_t mount_limit = 16;

mount_description mounts[mount_limit]; ///< Guarded by the tree lock. The first is the root.
size_t mount_count = 0;

/// True if something is mounted on an entry of this tree. Visits all of it, without recursion.
bool has_mount_below(dentry& top) {
    dentry* at = &top;
    for (;;) {
        dentry* next = at->children.front();
        while (next == nullptr && at != &top) {
            next = at->parent->children.next(*at);
            if (next == nullptr) {
                at = at->parent.get();
            }
        }
        if (next == nullptr || next->mounted) {
            return next != nullptr;
        }
        at = next;
    }
}

/// Empties a tree that nobody can reach any more: entries and directory count each other otherwise.
void remove_tree(dentry& top) {
    lib::ref<dentry> at = lib::ref<dentry>::share(&top);
    for (;;) {
        if (dentry* child = at->children.front(); child != nullptr) {
            at = lib::ref<dentry>::share(child);
            continue;
        }
        if (&*at == &top) {
            return;
        }
        lib::ref<dentry> parent = at->parent;
        remove_child_locked(*at);
        at = std::move(parent);
    }
}

void forget_mount(size_t index) {
    mount_count--;
    std::swap(mounts[index], mounts[mount_count]);
    mounts[mount_count].root = nullptr;
}

} // namespace

lib::result<void> mount(dentry& directory, lib::ref<dentry> mounted, const char* type) {
    task::mutex_guard guard(tree_lock());
    if (!directory.node->is_directory()) {
        return lib::error{ENOTDIR};
    }
    if (directory.mounted || mounted->covers != nullptr || &directory == &*mounted) {
        return lib::error{EBUSY};
    }
    if (mount_count == mount_limit) {
        return lib::error{ENOSPC};
    }
    mounts[mount_count++] = {mounted, type};
    mounted->covers = &directory;
    directory.mounted = std::move(mounted);
    directory.get(); // covers
    return {};
}

lib::result<void> unmount(dentry& mounted) {
    lib::ref<dentry> covered; // Freed after the lock was given back.
    lib::ref<dentry> gone;
    task::mutex_guard guard(tree_lock());
    if (mounted.covers == nullptr) {
        return lib::error{&mounted == &root_entry() ? EBUSY : EINVAL};
    }
    if (has_mount_below(mounted)) {
        return lib::error{EBUSY};
    }
    for (size_t i = 0; i < mount_count; i++) {
        if (mounts[i].root.get() == &mounted) {
            forget_mount(i);
            break;
        }
    }
    covered = lib::ref<dentry>::adopt(std::exchange(mounted.covers, nullptr));
    gone = std::exchange(covered->mounted, nullptr);
    if (&mounted != devfs_root().get() && mounted.node->ops->make_node != nullptr) { // A tmpfs.
        remove_tree(mounted);
    }
    return {};
}

bool describe_mount(size_t index, mount_description& description) {
    task::mutex_guard guard(tree_lock());
    if (index >= mount_count) {
        return false;
    }
    description = mounts[index];
    return true;
}

dentry& root_entry() {
    return *mounts[0].root;
}

lib::result<void> initialize_root() {
    mounts[0] = {TRY(make_ramfs(0755)), "tmpfs"};
    mount_count = 1;
    return {};
}

} // namespace fs
