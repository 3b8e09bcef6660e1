// Walking paths. The whole walk runs under the tree lock; memory is all it touches. A symbolic link in the
// middle is spliced: its target and the rest of the path are put together in a buffer and the walk goes on
// there, so links cost no recursion, and 40 of them in one walk are taken for a loop.
//
// The result of a walk is a triple, because creating, removing and renaming need the directory too:
//
//     walk of "/a/b"    directory = a, last = "b", entry = b or null if there is no b
//     walk of "/a/.."   kind = dot_dot, entry = /, no directory: not something to create or remove

#include "kernel/fs/path.hpp"

#include "kernel/abi/errno.h"
#include "kernel/fs/fs_context.hpp"
#include "kernel/fs/path_walk.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/task/process.hpp"

namespace fs {

namespace {

lib::ref<dentry> current_root_locked() {
    fs_context* context = current_context();
    return context != nullptr ? context->root : lib::ref<dentry>::share(&root_entry());
}

lib::ref<dentry> current_directory_locked() {
    fs_context* context = current_context();
    return context != nullptr ? context->working_directory : lib::ref<dentry>::share(&root_entry());
}

/// The tree that is seen here, if something is mounted on the entry.
lib::ref<dentry> top_mount(lib::ref<dentry> entry) {
    while (entry->mounted) {
        entry = entry->mounted;
    }
    return entry;
}

} // namespace

path_walk::~path_walk() {
    mm::kfree(buffer_);
}

lib::result<void> path_walk::run_locked(dentry* start, const char* path, last_link last_wanted) {
    if (*path == '\0') {
        return lib::error{ENOENT};
    }
    root_ = current_root_locked();
    at_ = start != nullptr ? lib::ref<dentry>::share(start) : current_directory_locked();
    who_ = task::current_credentials();
    rest_ = path;
    last_wanted_ = last_wanted;
    if (*path == '/') {
        at_ = root_;
    }
    bool finished = false;
    while (!finished) {
        finished = TRY(step());
    }
    if (entry && must_be_directory && !entry->node->is_directory()) {
        return lib::error{ENOTDIR};
    }
    return {};
}

/// Takes one component. True: it was the last.
lib::result<bool> path_walk::step() {
    while (*rest_ == '/') {
        rest_++;
    }
    if (*rest_ == '\0') { // The path was "/", or a link's target was.
        entry = at_;
        kind = last_kind::dot;
        must_be_directory = true;
        return true;
    }
    const char* name = rest_;
    while (*rest_ != '\0' && *rest_ != '/') {
        rest_++;
    }
    last = {name, static_cast<size_t>(rest_ - name)};
    must_be_directory = *rest_ == '/';
    while (*rest_ == '/') {
        rest_++;
    }
    const bool is_last = *rest_ == '\0';
    if (last.length > component_limit) {
        return lib::error{ENAMETOOLONG};
    }
    if (!at_->node->is_directory()) {
        return lib::error{ENOTDIR};
    }
    TRY(check_access(*at_->node, may_execute, who_));
    if (last == name_view{".", 1} || last == name_view{"..", 2}) {
        if (last.length == 2) {
            at_ = top_mount(lib::ref<dentry>::share(parent_of_locked(*at_, *root_)));
        }
        kind = last.length == 1 ? last_kind::dot : last_kind::dot_dot;
        entry = is_last ? at_ : nullptr;
        return is_last;
    }
    return enter(is_last);
}

/// Goes through the entry called `last` of the directory at_.
lib::result<bool> path_walk::enter(bool is_last) {
    auto found = find_child_locked(*at_, last);
    if (!found.ok()) {
        if (found.error().number != ENOENT || !is_last) {
            return found.error();
        }
        directory = at_;
        kind = last_kind::name;
        return true;
    }
    lib::ref<dentry> child = top_mount(std::move(found).value());
    const bool follow = !is_last || last_wanted_ == last_link::follow || must_be_directory;
    if (child->node->is_symlink() && follow) {
        return follow_link(*child, is_last);
    }
    if (is_last) {
        directory = at_;
        entry = std::move(child);
        kind = last_kind::name;
        return true;
    }
    at_ = std::move(child);
    return false;
}

lib::result<bool> path_walk::follow_link(dentry& link, bool is_last) {
    if (++links_followed_ > symlink_limit) {
        return lib::error{ELOOP};
    }
    if (link.node->ops->follow != nullptr) {
        at_ = TRY(link.node->ops->follow(*link.node));
        if (is_last) {
            entry = at_;
            kind = last_kind::dot;
        }
        return is_last;
    }
    if (buffer_ == nullptr) {
        buffer_ = static_cast<char*>(mm::kmalloc(2 * path_limit, mm::mem_tag::file));
        if (buffer_ == nullptr) {
            return lib::error{ENOMEM};
        }
    }
    // The target goes to the half of the buffer that the rest is not in.
    char* half = rest_ >= buffer_ && rest_ < buffer_ + path_limit ? buffer_ + path_limit : buffer_;
    const size_t length = TRY(link.node->ops->read_link(*link.node, half, path_limit));
    const size_t rest_length = strlen(rest_);
    const size_t slash = must_be_directory ? 1 : 0;
    if (length + slash + rest_length >= path_limit) {
        return lib::error{ENAMETOOLONG};
    }
    if (length == 0) {
        return lib::error{ENOENT};
    }
    if (slash != 0) {
        half[length] = '/';
    }
    memcpy(half + length + slash, rest_, rest_length + 1);
    rest_ = half;
    if (*half == '/') {
        at_ = root_;
    }
    return false;
}

lib::result<lib::ref<dentry>> walk(dentry* start, const char* path, last_link last) {
    task::mutex_guard guard(tree_lock());
    path_walk found;
    TRY(found.run_locked(start, path, last));
    if (!found.entry) {
        return lib::error{ENOENT};
    }
    return std::move(found.entry);
}

} // namespace fs
