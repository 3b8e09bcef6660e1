#pragma once
// The state of one path walk and its outcome. For path.cpp and names.cpp; everybody else calls path.hpp.

#include "kernel/fs/dentry.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/process.hpp"

namespace fs {

struct fs_context;

/// The context of the calling process, or nullptr in a kernel thread: paths then begin at the real root.
fs_context* current_context();

/// What the last component was: only a name can be created, removed or renamed.
enum class last_kind : unsigned char { name, dot, dot_dot };

class path_walk {
public:
    path_walk() = default;
    path_walk(const path_walk&) = delete;
    path_walk& operator=(const path_walk&) = delete;
    ~path_walk();

    /// Walks. Tree lock held, and kept as long as the outcome is used to change the tree. A missing last
    /// component is not an error: entry is null then. Errors: path.hpp.
    lib::result<void> run_locked(dentry* start, const char* path, last_link last_wanted);

    lib::ref<dentry> entry;
    lib::ref<dentry> directory; ///< Set if kind is name.
    name_view last{};           ///< Points into the path or into the buffer of this walk.
    last_kind kind = last_kind::name;
    bool must_be_directory = false; ///< A slash followed the last component.

private:
    lib::result<bool> step();
    lib::result<bool> enter(bool is_last);
    lib::result<bool> follow_link(dentry& link, bool is_last);

    task::credentials who_; ///< Fetched once: every component is checked against it.
    lib::ref<dentry> root_;
    lib::ref<dentry> at_;
    const char* rest_ = nullptr;
    char* buffer_ = nullptr; ///< Two paths: the one being walked and the one being put together.
    int links_followed_ = 0;
    last_link last_wanted_ = last_link::follow;
};

} // namespace fs
