// Asking about files: stat and its relatives, access, readlink, statfs.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/path.hpp"
#include "kernel/fs/ramfs.hpp"
#include "kernel/fs/scratch.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"
#include "kernel/task/process.hpp"

namespace syscall {

namespace {

lib::result<void> tell(fs::inode& node, uint64_t address) {
    struct stat status;
    fs::describe(node, status);
    return mm::store(mm::user_ptr<struct stat>(address), status);
}

/// The node that a path leads to, or with an empty path the one behind the descriptor.
lib::result<lib::ref<fs::inode>> node_of(int dirfd, uint64_t address, fs::last_link last, empty_path policy) {
    path_argument path;
    TRY(path.load(dirfd, address, policy));
    if (path.empty() && path.directory()) {
        return path.directory()->node;
    }
    const auto entry = TRY(fs::walk(path.start(), path.empty() ? "." : path.text(), last));
    return entry->node;
}

lib::result<void> stat_path(uint64_t path, uint64_t address, fs::last_link last) {
    const auto node = TRY(node_of(AT_FDCWD, path, last, empty_path::refused));
    return tell(*node, address);
}

empty_path policy_of(int flags) {
    return (flags & AT_EMPTY_PATH) != 0 ? empty_path::allowed : empty_path::refused;
}

lib::result<void> stat_at(int dirfd, uint64_t path, uint64_t address, int flags) {
    if ((flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)) != 0) {
        return lib::error{EINVAL};
    }
    const auto last = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? fs::last_link::keep : fs::last_link::follow;
    const auto node = TRY(node_of(dirfd, path, last, policy_of(flags)));
    return tell(*node, address);
}

lib::result<void> stat_descriptor(int fd, uint64_t address) {
    const auto f = TRY(current_files().get(fd));
    return tell(*f->node, address);
}

lib::result<void> access_at(int dirfd, uint64_t path, int mode, int flags) {
    if ((mode & ~(R_OK | W_OK | X_OK)) != 0 ||
        (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return lib::error{EINVAL};
    }
    const auto last = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? fs::last_link::keep : fs::last_link::follow;
    const auto node = TRY(node_of(dirfd, path, last, policy_of(flags)));
    task::credentials who = task::current_credentials();
    if ((flags & AT_EACCESS) == 0) { // access() asks on behalf of the user who started the program.
        who.effective_uid = who.uid;
        who.effective_gid = who.gid;
    }
    return mode == F_OK ? lib::result<void>{} : fs::check_access(*node, static_cast<uint32_t>(mode), who);
}

lib::result<size_t> readlink_at(int dirfd, uint64_t path, uint64_t address, int64_t size_bytes) {
    if (size_bytes <= 0) {
        return lib::error{EINVAL};
    }
    const auto node = TRY(node_of(dirfd, path, fs::last_link::keep, empty_path::allowed));
    if (node->ops->read_link == nullptr) {
        return lib::error{EINVAL};
    }
    fs::scratch target(fs::path_limit);
    if (!target) {
        return lib::error{ENOMEM};
    }
    size_t length = TRY(node->ops->read_link(*node, target.data(), target.size()));
    length = length < static_cast<uint64_t>(size_bytes) ? length : static_cast<size_t>(size_bytes);
    TRY(mm::copy_to_user(mm::user_ptr<void>(address), target.data(), length));
    return length;
}

lib::result<void> tell_file_system(const fs::inode& node, uint64_t address) {
    struct statfs status;
    memset(&status, 0, sizeof status);
    status.f_type = node.ops->magic != 0 ? node.ops->magic : RAMFS_MAGIC;
    status.f_bsize = status.f_frsize = mm::page_size;
    status.f_namelen = NAME_MAX;
    status.f_fsid[0] = static_cast<int32_t>(node.device);
    if (node.ops->magic == 0) {
        status.f_blocks = mm::total_frame_count();
        status.f_bfree = status.f_bavail = fs::space_for_files();
    }
    return mm::store(mm::user_ptr<struct statfs>(address), status);
}

lib::result<void> statfs_path(uint64_t path, uint64_t address) {
    const auto node = TRY(node_of(AT_FDCWD, path, fs::last_link::follow, empty_path::refused));
    return tell_file_system(*node, address);
}

lib::result<void> statfs_descriptor(int fd, uint64_t address) {
    const auto f = TRY(current_files().get(fd));
    return tell_file_system(*f->node, address);
}

} // namespace

long sys_stat(const arguments& args) {
    return lib::as_syscall(stat_path(args[0], args[1], fs::last_link::follow));
}
long sys_lstat(const arguments& args) {
    return lib::as_syscall(stat_path(args[0], args[1], fs::last_link::keep));
}
long sys_fstat(const arguments& args) {
    return lib::as_syscall(stat_descriptor(args.as_int(0), args[1]));
}
long sys_newfstatat(const arguments& args) {
    return lib::as_syscall(stat_at(args.as_int(0), args[1], args[2], args.as_int(3)));
}
long sys_access(const arguments& args) {
    return lib::as_syscall(access_at(AT_FDCWD, args[0], args.as_int(1), 0));
}
long sys_faccessat(const arguments& args) {
    return lib::as_syscall(access_at(args.as_int(0), args[1], args.as_int(2), 0));
}
long sys_faccessat2(const arguments& args) {
    return lib::as_syscall(access_at(args.as_int(0), args[1], args.as_int(2), args.as_int(3)));
}
long sys_readlink(const arguments& args) {
    return lib::as_syscall(readlink_at(AT_FDCWD, args[0], args[1], static_cast<int64_t>(args[2])));
}
long sys_readlinkat(const arguments& args) {
    return lib::as_syscall(readlink_at(args.as_int(0), args[1], args[2], static_cast<int64_t>(args[3])));
}
long sys_statfs(const arguments& args) {
    return lib::as_syscall(statfs_path(args[0], args[1]));
}
long sys_fstatfs(const arguments& args) {
    return lib::as_syscall(statfs_descriptor(args.as_int(0), args[1]));
}

} // namespace syscall
