// Reading a directory: ".", "..", the children in their order, then what the file system computes. The
// cursor of an entry is the smallest value that comes after it: 1 after ".", 2 after "..", the child's
// cookie after a child (cookies start at 3), and computed_cursor and above for computed entries.

#include "kernel/fs/directory.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/dentry.hpp"
#include "kernel/fs/path.hpp"

namespace fs {

namespace {

enum class reading : unsigned char { goes_on, is_full };

bool emit(directory_sink& sink, const name_view& name, inode& node, uint64_t next_cursor) {
    if (!sink.emit(sink, name, node.number, node.mode, next_cursor)) {
        return false;
    }
    sink.cursor = next_cursor;
    return true;
}

reading read_children(dentry& directory, directory_sink& sink) {
    task::mutex_guard guard(tree_lock());
    if (directory.removed) {
        return reading::is_full; // Not even "." is left of a removed directory.
    }
    dentry& parent = *parent_of_locked(directory, root_entry());
    if (sink.cursor == 0 && !emit(sink, name_of("."), *directory.node, 1)) {
        return reading::is_full;
    }
    if (sink.cursor == 1 && !emit(sink, name_of(".."), *parent.node, 2)) {
        return reading::is_full;
    }
    for (const dentry& child : directory.children) {
        if (child.cookie > sink.cursor &&
            !emit(sink, {child.name, child.name_length}, *child.node, child.cookie)) {
            return reading::is_full;
        }
    }
    return reading::goes_on;
}

lib::result<void> read_tree_directory(file& f, directory_sink& sink) {
    dentry& directory = *f.entry;
    if (sink.cursor < computed_cursor) {
        if (read_children(directory, sink) == reading::is_full) {
            return {};
        }
        if (f.node->ops->list != nullptr) {
            sink.cursor = computed_cursor;
        }
    }
    return f.node->ops->list != nullptr ? f.node->ops->list(directory, sink) : lib::result<void>{};
}

lib::result<uint64_t> seek_directory(file& f, int64_t offset, int whence) {
    task::mutex_guard guard(f.position_lock);
    if (whence == SEEK_CUR) {
        offset += static_cast<int64_t>(f.offset);
    } else if (whence != SEEK_SET) {
        return lib::error{EINVAL};
    }
    if (offset < 0) {
        return lib::error{EINVAL};
    }
    f.offset = static_cast<uint64_t>(offset);
    return f.offset;
}

} // namespace

const file_ops tree_directory_ops = {
    .name = "directory",
    .seek = seek_directory,
    .read_directory = read_tree_directory,
};

} // namespace fs
