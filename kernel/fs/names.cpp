// What can be done with names: create, link, remove, rename. All of it is a walk and a change of
// the tree under one hold of the tree lock, so no other walk ever sees half of it. What an entry drags
// along when it goes (pages of a large file) is freed after the lock was given back: the references are
// declared before the guard.

#include "kernel/fs/names.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/fs_context.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/path_walk.hpp"
#include "kernel/fs/ramfs.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

/// Names of the node that came (+1) or went. A directory counts 2, and one for each sub-directory's "..".
void change_links(inode& node, int change) {
    task::mutex_guard guard(node.lock);
    node.links += static_cast<uint32_t>(change);
    node.changed = current_file_time();
}

void touch(inode& node) {
    task::mutex_guard guard(node.lock);
    touch_modified_locked(node);
}

bool is_below(const dentry* entry, const dentry& above) {
    for (; entry != nullptr; entry = entry->parent ? entry->parent.get() : entry->covers) {
        if (entry == &above) {
            return true;
        }
    }
    return false;
}

/// Sticky directories such as /tmp: only the owner of a file or of the directory may take a name away.
lib::result<void> check_removal(const dentry& directory, const dentry& entry) {
    TRY(check_access(*directory.node, may_write | may_execute));
    if (directory.node->ops->make_node == nullptr) {
        return lib::error{EPERM};
    }
    if ((directory.node->mode & S_ISVTX) != 0 && !owns(*directory.node) && !owns(*entry.node)) {
        return lib::error{EPERM};
    }
    // The entry that the walk found is the root of a mount, not what the directory itself holds.
    return entry.covers != nullptr ? lib::error{EBUSY} : lib::result<void>{};
}

lib::result<void> check_empty_directory(const dentry& entry) {
    return entry.children.empty() ? lib::result<void>{} : lib::error{ENOTEMPTY};
}

/// Takes a checked entry out of the tree.
void detach(dentry& directory, dentry& entry) {
    const bool is_directory = entry.node->is_directory();
    remove_child_locked(entry);
    change_links(*entry.node, is_directory ? -2 : -1);
    if (is_directory) {
        change_links(*directory.node, -1);
    }
    touch(*directory.node);
}

lib::result<void> check_creation(const path_walk& found) {
    if (found.entry) {
        return lib::error{EEXIST};
    }
    if (found.directory->removed) {
        return lib::error{ENOENT};
    }
    if (found.directory->node->ops->make_node == nullptr) {
        return lib::error{EROFS};
    }
    return check_access(*found.directory->node, may_write | may_execute);
}

} // namespace

lib::result<lib::ref<dentry>> create_child_locked(path_walk& found, uint32_t mode, uint64_t rdev) {
    TRY(check_creation(found));
    inode& directory = *found.directory->node;
    if (const fs_context* context = current_context(); context != nullptr && !S_ISLNK(mode)) {
        mode &= ~__atomic_load_n(&context->umask, __ATOMIC_RELAXED);
    }
    const bool passes_group_on = (directory.mode & S_ISGID) != 0;
    if (passes_group_on && S_ISDIR(mode)) {
        mode |= S_ISGID;
    }
    constexpr uint32_t runs_as_group = S_ISGID | S_IXGRP;
    if (passes_group_on && !S_ISDIR(mode) && (mode & runs_as_group) == runs_as_group &&
        !may_act_for_group(directory.gid)) {
        mode &= ~uint32_t{S_ISGID}; // CVE-2018-13405: a program with the rights of the directory's group
    }
    auto node = TRY(directory.ops->make_node(directory, mode, rdev));
    if (passes_group_on) {
        node->gid = directory.gid;
    }
    auto entry = TRY(add_child_locked(*found.directory, found.last, std::move(node)));
    if (S_ISDIR(mode)) {
        change_links(directory, 1);
    }
    touch(directory);
    return entry;
}

lib::result<lib::ref<dentry>> make_node(dentry* start, const char* path, uint32_t mode, uint64_t rdev) {
    task::mutex_guard guard(tree_lock());
    path_walk found;
    TRY(found.run_locked(start, path, last_link::keep));
    if (found.must_be_directory && !found.entry && !S_ISDIR(mode)) {
        return lib::error{ENOENT};
    }
    return create_child_locked(found, mode, rdev);
}

lib::result<void> make_symlink(const char* target, dentry* start, const char* path) {
    task::mutex_guard guard(tree_lock());
    path_walk found;
    TRY(found.run_locked(start, path, last_link::keep));
    TRY(check_creation(found));
    if (found.must_be_directory) {
        return lib::error{ENOENT};
    }
    inode& directory = *found.directory->node;
    auto node = TRY(directory.ops->make_node(directory, S_IFLNK | 0777, 0));
    TRY(set_link_target(*node, target));
    TRY(add_child_locked(*found.directory, found.last, std::move(node)));
    touch(directory);
    return {};
}

lib::result<void> make_link(dentry& existing, dentry* start, const char* path) {
    inode& node = *existing.node;
    if (node.is_directory()) {
        return lib::error{EPERM};
    }
    task::mutex_guard guard(tree_lock());
    path_walk found;
    TRY(found.run_locked(start, path, last_link::keep));
    TRY(check_creation(found));
    if (found.must_be_directory) {
        return lib::error{ENOENT};
    }
    if (found.directory->node->device != node.device) {
        return lib::error{EXDEV};
    }
    TRY(add_child_locked(*found.directory, found.last, existing.node));
    touch(*found.directory->node);
    change_links(node, 1);
    return {};
}

lib::result<void> unlink(dentry* start, const char* path) {
    lib::ref<dentry> gone; // Outlives the guard: see the head of this file.
    task::mutex_guard guard(tree_lock());
    path_walk found;
    TRY(found.run_locked(start, path, last_link::keep));
    if (!found.entry) {
        return lib::error{ENOENT};
    }
    if (found.entry->node->is_directory()) {
        return lib::error{EISDIR};
    }
    if (found.kind != last_kind::name) {
        return lib::error{EBUSY};
    }
    gone = found.entry;
    TRY(check_removal(*found.directory, *gone));
    detach(*found.directory, *gone);
    return {};
}

lib::result<void> remove_directory(dentry* start, const char* path) {
    lib::ref<dentry> gone;
    task::mutex_guard guard(tree_lock());
    path_walk found;
    TRY(found.run_locked(start, path, last_link::keep));
    if (!found.entry) {
        return lib::error{ENOENT};
    }
    if (!found.entry->node->is_directory()) {
        return lib::error{ENOTDIR};
    }
    if (found.kind != last_kind::name) {
        const bool is_root = &*found.entry == &root_entry();
        return lib::error{is_root ? EBUSY : found.kind == last_kind::dot ? EINVAL : ENOTEMPTY};
    }
    gone = found.entry;
    TRY(check_removal(*found.directory, *gone));
    TRY(check_empty_directory(*gone));
    detach(*found.directory, *gone);
    return {};
}

namespace {

/// May `moving` take the place of what `target` found? POSIX rename() has the cases.
lib::result<void> check_replacement(const dentry& moving, const path_walk& target) {
    if (!target.entry) {
        return {};
    }
    const bool moves_directory = moving.node->is_directory();
    const bool onto_directory = target.entry->node->is_directory();
    if (moves_directory != onto_directory) {
        return lib::error{moves_directory ? ENOTDIR : EISDIR};
    }
    TRY(check_removal(*target.directory, *target.entry));
    return onto_directory ? check_empty_directory(*target.entry) : lib::result<void>{};
}

lib::result<void> check_rename(const path_walk& source, const path_walk& target, uint32_t flags) {
    if (!source.entry) {
        return lib::error{ENOENT};
    }
    if (source.kind != last_kind::name || target.kind != last_kind::name) {
        return lib::error{EBUSY};
    }
    TRY(check_removal(*source.directory, *source.entry));
    if (source.directory->node->device != target.directory->node->device) {
        return lib::error{EXDEV};
    }
    if (target.directory->removed) {
        return lib::error{ENOENT};
    }
    if (!source.entry->node->is_directory() && target.must_be_directory) {
        return lib::error{ENOTDIR};
    }
    if (is_below(target.directory.get(), *source.entry)) {
        return lib::error{EINVAL};
    }
    if (target.entry && (flags & RENAME_NOREPLACE) != 0) {
        return lib::error{EEXIST};
    }
    TRY(check_access(*target.directory->node, may_write | may_execute));
    return check_replacement(*source.entry, target);
}

/// Gives the entry its new place and name. `renamed` is a fresh dentry that lends its name.
void move_entry(dentry& entry, dentry& from, dentry& to, dentry& renamed) {
    unlink_child_locked(entry);
    std::swap(entry.name, renamed.name);
    std::swap(entry.name_length, renamed.name_length);
    std::swap(entry.name_hash, renamed.name_hash);
    std::swap(entry.parent, renamed.parent);
    link_child_locked(to, entry);
    const bool last = entry.put(); // The count of the list it was in.
    ASSERT(!last);
    if (entry.node->is_directory() && &from != &to) {
        change_links(*from.node, -1);
        change_links(*to.node, 1);
    }
    touch(*from.node);
    touch(*to.node);
}

} // namespace

lib::result<void> rename(dentry* old_start, const char* old_path, dentry* new_start, const char* new_path,
                         uint32_t flags) {
    if ((flags & ~static_cast<uint32_t>(RENAME_NOREPLACE)) != 0) {
        return lib::error{EINVAL};
    }
    lib::ref<dentry> gone;
    lib::ref<dentry> renamed;
    task::mutex_guard guard(tree_lock());
    path_walk source;
    path_walk target;
    TRY(source.run_locked(old_start, old_path, last_link::keep));
    TRY(target.run_locked(new_start, new_path, last_link::keep));
    if (source.entry && target.entry && source.entry->node == target.entry->node &&
        (flags & RENAME_NOREPLACE) == 0) {
        return {}; // Two names of one file: POSIX wants nothing to happen.
    }
    TRY(check_rename(source, target, flags));
    renamed = TRY(new_dentry(source.entry->node, target.directory, target.last));
    if (target.entry) {
        gone = target.entry;
        detach(*target.directory, *gone);
    }
    move_entry(*source.entry, *source.directory, *target.directory, *renamed);
    return {};
}

} // namespace fs
