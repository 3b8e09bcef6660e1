// Root and working directory of a process, and the doors through which kernel/task, which lies below this
// folder, hands them and the open files on (task/files_hook.hpp).

#include "kernel/fs/fs_context.hpp"

#include "kernel/abi/errno.h"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/fs/path_walk.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/task/files_hook.hpp"
#include "kernel/task/process.hpp"

namespace fs {

lib::result<lib::ref<fs_context>> fs_context::create() {
    auto* context = new (mm::mem_tag::file) fs_context();
    if (context == nullptr) {
        return lib::error{ENOMEM};
    }
    context->root = lib::ref<dentry>::share(&root_entry());
    context->working_directory = context->root;
    return lib::ref<fs_context>::adopt(context);
}

lib::result<lib::ref<fs_context>> fs_context::copy() {
    auto twin = TRY(create());
    task::mutex_guard guard(tree_lock());
    twin->root = root;
    twin->working_directory = working_directory;
    twin->umask = __atomic_load_n(&umask, __ATOMIC_RELAXED);
    return twin;
}

void fs_context::release_last(fs_context* context) {
    delete context;
}

fs_context* current_context() {
    return task::current_process().directories;
}

lib::result<fd_table*> copy_files(fd_table& parent) {
    return TRY(parent.copy()).leak();
}

lib::result<fs_context*> copy_directories(fs_context& parent) {
    return TRY(parent.copy()).leak();
}

fd_table* share_files(fd_table& parent) {
    return lib::ref<fd_table>::share(&parent).leak();
}

fs_context* share_directories(fs_context& parent) {
    return lib::ref<fs_context>::share(&parent).leak();
}

void release_files(fd_table* files) {
    lib::ref<fd_table>::adopt(files).reset();
}

void release_directories(fs_context* directories) {
    lib::ref<fs_context>::adopt(directories).reset();
}

} // namespace fs
