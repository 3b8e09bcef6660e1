// Changing what stat shows: mode, owner, times. Only the owner and root may.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/fs/fs_context.hpp"
#include "kernel/fs/path.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"
#include "kernel/task/process.hpp"

namespace syscall {

namespace {

lib::result<lib::ref<fs::inode>> node_of(int dirfd, uint64_t address, int flags) {
    path_argument path;
    TRY(path.load(dirfd, address, (flags & AT_EMPTY_PATH) != 0 ? empty_path::allowed : empty_path::refused));
    if (path.empty() && path.directory()) {
        return path.directory()->node;
    }
    const auto last = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? fs::last_link::keep : fs::last_link::follow;
    const auto entry = TRY(fs::walk(path.start(), path.empty() ? "." : path.text(), last));
    return entry->node;
}

lib::result<lib::ref<fs::inode>> node_of_descriptor(int fd) {
    const auto f = TRY(current_files().get(fd));
    return f->path_only() ? lib::result<lib::ref<fs::inode>>(lib::error{EBADF}) : f->node;
}

lib::result<void> change_mode(fs::inode& node, uint32_t mode) {
    if (!fs::owns(node)) {
        return lib::error{EPERM};
    }
    if (node.is_symlink()) {
        return lib::error{EOPNOTSUPP};
    }
    task::mutex_guard guard(node.lock);
    if (!fs::may_act_for_group(node.gid)) {
        mode &= ~static_cast<uint32_t>(S_ISGID);
    }
    node.mode = (node.mode & S_IFMT) | (mode & 07777);
    node.changed = fs::current_file_time();
    return {};
}

lib::result<void> change_owner(fs::inode& node, uint32_t uid, uint32_t gid) {
    constexpr uint32_t unchanged = 0xffffffff;
    const task::credentials who = task::current_credentials();
    if (!who.is_root() && (!fs::owns(node) || (uid != unchanged && uid != node.uid) ||
                           (gid != unchanged && gid != who.effective_gid))) {
        return lib::error{EPERM};
    }
    task::mutex_guard guard(node.lock);
    node.uid = uid == unchanged ? node.uid : uid;
    node.gid = gid == unchanged ? node.gid : gid;
    if (node.is_regular()) { // A program does not stay set-user-ID for another user.
        node.mode &= ~static_cast<uint32_t>(S_ISUID | S_ISGID);
    }
    node.changed = fs::current_file_time();
    return {};
}

lib::result<void> chmod_at(int dirfd, uint64_t path, uint32_t mode) {
    return change_mode(*TRY(node_of(dirfd, path, 0)), mode);
}

lib::result<void> fchmod(int fd, uint32_t mode) {
    return change_mode(*TRY(node_of_descriptor(fd)), mode);
}

lib::result<void> chown_at(int dirfd, uint64_t path, uint32_t uid, uint32_t gid, int flags) {
    return change_owner(*TRY(node_of(dirfd, path, flags)), uid, gid);
}

lib::result<void> fchown(int fd, uint32_t uid, uint32_t gid) {
    return change_owner(*TRY(node_of_descriptor(fd)), uid, gid);
}

bool valid_time(const timespec& time) {
    return time.tv_nsec == UTIME_NOW || time.tv_nsec == UTIME_OMIT ||
           (time.tv_nsec >= 0 && time.tv_nsec < 1'000'000'000);
}

void apply_time(fs::file_time& target, const timespec& wanted) {
    if (wanted.tv_nsec == UTIME_NOW) {
        target = fs::current_file_time();
    } else if (wanted.tv_nsec != UTIME_OMIT) {
        target = {wanted.tv_sec, static_cast<uint32_t>(wanted.tv_nsec)};
    }
}

lib::result<void> change_times(fs::inode& node, const timespec (&times)[2]) {
    if (!valid_time(times[0]) || !valid_time(times[1])) {
        return lib::error{EINVAL};
    }
    const bool both_now = times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW;
    if (!fs::owns(node)) {
        if (!both_now) {
            return lib::error{EPERM};
        }
        TRY(fs::check_access(node, fs::may_write));
    }
    task::mutex_guard guard(node.lock);
    apply_time(node.accessed, times[0]);
    apply_time(node.modified, times[1]);
    node.changed = fs::current_file_time();
    return {};
}

constexpr timespec now{0, UTIME_NOW};

lib::result<void> utimensat(const arguments& args) {
    timespec times[2] = {now, now};
    if (args[2] != 0) {
        TRY(mm::copy_from_user(times, mm::user_ptr<const void>(args[2]), sizeof times));
    }
    if (args[1] == 0) { // futimens()
        return change_times(*TRY(node_of_descriptor(args.as_int(0))), times);
    }
    return change_times(*TRY(node_of(args.as_int(0), args[1], args.as_int(3))), times);
}

lib::result<void> utimes_at(int dirfd, uint64_t path, uint64_t address) {
    timespec times[2] = {now, now};
    if (address != 0) {
        timeval given[2];
        TRY(mm::copy_from_user(given, mm::user_ptr<const void>(address), sizeof given));
        for (int i = 0; i < 2; i++) {
            if (given[i].tv_usec < 0 || given[i].tv_usec >= 1'000'000) {
                return lib::error{EINVAL};
            }
            times[i] = {given[i].tv_sec, given[i].tv_usec * 1000};
        }
    }
    return change_times(*TRY(node_of(dirfd, path, 0)), times);
}

lib::result<void> utime(uint64_t path, uint64_t address) {
    timespec times[2] = {now, now};
    if (address != 0) {
        int64_t given[2];
        TRY(mm::copy_from_user(given, mm::user_ptr<const void>(address), sizeof given));
        times[0] = {given[0], 0};
        times[1] = {given[1], 0};
    }
    return change_times(*TRY(node_of(AT_FDCWD, path, 0)), times);
}

} // namespace

long sys_chmod(const arguments& args) {
    return lib::as_syscall(chmod_at(AT_FDCWD, args[0], args.as_u32(1)));
}
long sys_fchmod(const arguments& args) {
    return lib::as_syscall(fchmod(args.as_int(0), args.as_u32(1)));
}
long sys_fchmodat(const arguments& args) {
    return lib::as_syscall(chmod_at(args.as_int(0), args[1], args.as_u32(2)));
}
long sys_chown(const arguments& args) {
    return lib::as_syscall(chown_at(AT_FDCWD, args[0], args.as_u32(1), args.as_u32(2), 0));
}
long sys_lchown(const arguments& args) {
    return lib::as_syscall(chown_at(AT_FDCWD, args[0], args.as_u32(1), args.as_u32(2), AT_SYMLINK_NOFOLLOW));
}
long sys_fchown(const arguments& args) {
    return lib::as_syscall(fchown(args.as_int(0), args.as_u32(1), args.as_u32(2)));
}
long sys_fchownat(const arguments& args) {
    return lib::as_syscall(chown_at(args.as_int(0), args[1], args.as_u32(2), args.as_u32(3), args.as_int(4)));
}
long sys_utimensat(const arguments& args) {
    return lib::as_syscall(utimensat(args));
}
long sys_futimesat(const arguments& args) {
    return lib::as_syscall(utimes_at(args.as_int(0), args[1], args[2]));
}
long sys_utimes(const arguments& args) {
    return lib::as_syscall(utimes_at(AT_FDCWD, args[0], args[1]));
}
long sys_utime(const arguments& args) {
    return lib::as_syscall(utime(args[0], args[1]));
}
long sys_umask(const arguments& args) {
    uint32_t& umask = task::current_process().directories->umask;
    return static_cast<long>(__atomic_exchange_n(&umask, args.as_u32(0) & 0777, __ATOMIC_RELAXED));
}

} // namespace syscall
