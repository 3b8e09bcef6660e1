// Opening by path. Finding or creating the entry happens under the tree lock, in one go, so that O_EXCL
// means what it says; opening the node (a FIFO may wait there for its other end) and truncating come
// after it was given back.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/names.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/path_walk.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

/// What a file has that could not be opened, so that its end calls no release of the file system's.
const file_ops unopened_ops = {.name = "unopened"};
/// O_PATH: a place in the tree; neither data nor ioctl.
const file_ops path_only_ops = {.name = "path"};

uint32_t wanted_access(uint32_t flags) {
    switch (flags & O_ACCMODE) {
    case O_RDONLY:
        return may_read | ((flags & O_TRUNC) != 0 ? may_write : 0);
    case O_WRONLY:
        return may_write;
    default:
        return may_read | may_write;
    }
}

/// Checks an entry that existed before the open.
lib::result<void> check_existing(const dentry& entry, uint32_t flags) {
    const inode& node = *entry.node;
    if ((flags & O_DIRECTORY) != 0 && !node.is_directory()) {
        return lib::error{ENOTDIR};
    }
    if ((flags & O_PATH) != 0) {
        return {};
    }
    if (node.is_symlink()) {
        return lib::error{ELOOP};
    }
    if (node.is_directory() && ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0)) {
        return lib::error{EISDIR};
    }
    return check_access(node, wanted_access(flags));
}

struct found_entry {
    lib::ref<dentry> entry;
    bool created;
};

lib::result<found_entry> find_or_create(dentry* start, const char* path, uint32_t flags, uint32_t mode) {
    const bool creates = (flags & O_CREAT) != 0;
    const bool exclusive = creates && (flags & O_EXCL) != 0;
    const bool keeps_link = exclusive || (flags & O_NOFOLLOW) != 0;
    task::mutex_guard guard(tree_lock());
    path_walk found;
    TRY(found.run_locked(start, path, keeps_link ? last_link::keep : last_link::follow));
    if (found.entry) {
        if (exclusive) {
            return lib::error{EEXIST};
        }
        TRY(check_existing(*found.entry, flags));
        return found_entry{std::move(found.entry), false};
    }
    if (!creates) {
        return lib::error{ENOENT};
    }
    if (found.must_be_directory) {
        return lib::error{EISDIR};
    }
    auto entry = TRY(create_child_locked(found, S_IFREG | (mode & 07777), 0));
    return found_entry{std::move(entry), true};
}

lib::result<lib::ref<file>> open_unnamed(dentry* start, const char* path, uint32_t flags, uint32_t mode) {
    if ((flags & O_ACCMODE) == O_RDONLY) {
        return lib::error{EINVAL};
    }
    const auto directory = TRY(walk(start, path));
    if (!directory->node->is_directory()) {
        return lib::error{ENOTDIR};
    }
    TRY(check_access(*directory->node, may_write | may_execute));
    lib::ref<inode> node;
    {
        task::mutex_guard guard(tree_lock());
        if (directory->node->ops->make_node == nullptr) {
            return lib::error{EOPNOTSUPP};
        }
        node = TRY(directory->node->ops->make_node(*directory->node, S_IFREG | (mode & 07777), 0));
    }
    node->links = 0;
    auto entry = TRY(new_dentry(std::move(node), directory, name_of("#unnamed")));
    entry->removed = true;
    return open_entry(std::move(entry), flags);
}

} // namespace

lib::result<lib::ref<file>> open_entry(lib::ref<dentry> entry, uint32_t flags) {
    const bool path_only = (flags & O_PATH) != 0;
    const uint32_t kept = flags & ~static_cast<uint32_t>(O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_CLOEXEC);
    const file_ops& ops = path_only ? path_only_ops : *entry->node->default_file_ops;
    auto f = TRY(new_file(ops, entry->node, kept | (flags & O_NOCTTY)));
    f->entry = std::move(entry);
    if (!path_only && f->node->ops->open != nullptr) {
        f->ops = &unopened_ops;
        TRY(f->node->ops->open(*f->node, *f));
        if (f->ops == &unopened_ops) {
            f->ops = f->node->default_file_ops;
        }
    }
    return f;
}

lib::result<lib::ref<file>> open(dentry* start, const char* path, uint32_t flags, uint32_t mode) {
    if ((flags & O_ACCMODE) == O_ACCMODE) {
        return lib::error{EINVAL};
    }
    if ((flags & O_PATH) != 0) {
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    }
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        return open_unnamed(start, path, flags, mode);
    }
    found_entry found = TRY(find_or_create(start, path, flags, mode));
    inode& node = *found.entry->node;
    if ((flags & O_TRUNC) != 0 && !found.created && node.is_regular() && node.ops->truncate != nullptr) {
        task::mutex_guard guard(node.lock);
        TRY(node.ops->truncate(node, 0));
    }
    return open_entry(std::move(found.entry), flags);
}

lib::result<lib::ref<file>> open_program(dentry* start, const char* path) {
    const auto entry = TRY(walk(start, path));
    if (!entry->node->is_regular()) {
        return lib::error{EACCES};
    }
    TRY(check_access(*entry->node, may_execute));
    return open_entry(entry, O_RDONLY);
}

} // namespace fs
