// What is done to a descriptor rather than to a file's contents: dup, fcntl, ioctl, flock.

#include "kernel/abi/errno.h"
#include "kernel/abi/files.h"
#include "kernel/abi/termios.h"
#include "kernel/fs/fd_table.hpp"
#include "kernel/fs/file_lock.hpp"
#include "kernel/fs/pipe.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/file.hpp"
#include "kernel/syscall/file_arguments.hpp"
#include "kernel/syscall/socket.hpp"

namespace syscall {

namespace {

lib::result<int> duplicate(int fd, fs::fd_flags flags, int minimum) {
    fs::fd_table& files = current_files();
    return files.install(TRY(files.get(fd)), flags, minimum);
}

lib::result<int> duplicate_at(int old_fd, int new_fd, fs::fd_flags flags) {
    fs::fd_table& files = current_files();
    auto f = TRY(files.get(old_fd));
    TRY(files.install_at(new_fd, std::move(f), flags));
    return new_fd;
}

// Another thread may have closed the descriptor while the lock was waited for. That close took away the locks
// of the time, so this one would be left behind: nobody has it, and the caller learns that. As Linux.
lib::result<void> set_lock(int fd, fs::file& f, const void* owner, struct flock wanted, fs::lock_wait wait) {
    TRY(fs::set_record_lock(f, owner, wanted, wait));
    if (wanted.l_type == F_UNLCK || owner == &f) {
        return {};
    }
    const auto now = current_files().get(fd);
    if (now.ok() && now.value().get() == &f) {
        return {};
    }
    wanted.l_type = F_UNLCK;
    (void)fs::set_record_lock(f, owner, wanted, fs::lock_wait::fail);
    return lib::error{EBADF};
}

lib::result<long> record_lock(int fd, fs::file& f, int command, uint64_t address) {
    if (f.path_only()) {
        return lib::error{EBADF};
    }
    const mm::user_ptr<struct flock> where(address);
    struct flock wanted = TRY(mm::fetch(where));
    const bool of_file = command >= F_OFD_GETLK;
    const void* owner = of_file ? static_cast<const void*>(&f) : &current_files();
    if (of_file && wanted.l_pid != 0) {
        return lib::error{EINVAL};
    }
    switch (command) {
    case F_GETLK:
    case F_OFD_GETLK:
        TRY(fs::test_record_lock(f, owner, wanted));
        TRY(mm::store(where, wanted));
        return 0L;
    case F_SETLK:
    case F_OFD_SETLK:
        TRY(set_lock(fd, f, owner, wanted, fs::lock_wait::fail));
        return 0L;
    default:
        TRY(set_lock(fd, f, owner, wanted, fs::lock_wait::sleep));
        return 0L;
    }
}

fs::fd_flags flags_of(uint64_t argument) {
    return (argument & FD_CLOEXEC) != 0 ? fs::fd_flags::close_on_exec : fs::fd_flags::none;
}

lib::result<long> fcntl(int fd, int command, uint64_t argument) {
    fs::fd_table& files = current_files();
    const auto f = TRY(files.get(fd));
    switch (command) {
    case F_DUPFD:
        return long{TRY(files.install(f, fs::fd_flags::none, static_cast<int>(argument)))};
    case F_DUPFD_CLOEXEC:
        return long{TRY(files.install(f, fs::fd_flags::close_on_exec, static_cast<int>(argument)))};
    case F_GETFD:
        return TRY(files.flags(fd)) == fs::fd_flags::close_on_exec ? long{FD_CLOEXEC} : 0L;
    case F_SETFD:
        TRY(files.set_flags(fd, flags_of(argument)));
        return 0L;
    case F_GETFL:
        return long{f->status_flags()};
    case F_SETFL:
        f->set_status_flags(static_cast<uint32_t>(argument));
        note_status_flags(*f);
        return 0L;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return record_lock(fd, *f, command, argument);
    case F_SETOWN:
        TRY(set_signal_owner(*f, static_cast<int>(argument)));
        return 0L;
    case F_GETOWN:
        return long{signal_owner(*f)};
    case F_SETSIG: // always SIGIO and SIGURG
    case F_GETSIG:
        return 0L;
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
        return fs::is_pipe(*f) ? lib::result<long>(long{fs::pipe_capacity}) : lib::error{EBADF};
    default:
        return lib::error{EINVAL};
    }
}

/// FIONREAD of a file with an offset: what is left until its end.
lib::result<long> bytes_left(fs::file& f, uint64_t argument) {
    const uint64_t size = __atomic_load_n(&f.node->size, __ATOMIC_RELAXED);
    const uint64_t left = size > f.offset ? size - f.offset : 0;
    TRY(mm::store(mm::user_ptr<int>(argument), static_cast<int>(left < 0x7fffffff ? left : 0x7fffffff)));
    return 0L;
}

lib::result<long> ioctl(int fd, uint32_t request, uint64_t argument) {
    fs::fd_table& files = current_files();
    const auto f = TRY(files.get(fd));
    switch (request) {
    case FIOCLEX:
        TRY(files.set_flags(fd, fs::fd_flags::close_on_exec));
        return 0L;
    case FIONCLEX:
        TRY(files.set_flags(fd, fs::fd_flags::none));
        return 0L;
    case FIONBIO: {
        const int on = TRY(mm::fetch(mm::user_ptr<const int>(argument)));
        const uint32_t others = f->status_flags() & ~static_cast<uint32_t>(O_NONBLOCK);
        f->set_status_flags(others | (on != 0 ? O_NONBLOCK : 0));
        return 0L;
    }
    case FIOASYNC: {
        const int on = TRY(mm::fetch(mm::user_ptr<const int>(argument)));
        const uint32_t others = f->status_flags() & ~static_cast<uint32_t>(O_ASYNC);
        f->set_status_flags(others | (on != 0 ? O_ASYNC : 0));
        note_status_flags(*f);
        return 0L;
    }
    default:
        break;
    }
    if (f->ops->ioctl != nullptr) {
        return f->ops->ioctl(*f, request, argument);
    }
    if (request == FIONREAD && f->node->is_regular()) {
        return bytes_left(*f, argument);
    }
    return lib::error{ENOTTY};
}

lib::result<void> flock(int fd, int operation) {
    const auto f = TRY(current_files().get(fd));
    const auto wait = (operation & LOCK_NB) != 0 ? fs::lock_wait::fail : fs::lock_wait::sleep;
    return fs::set_whole_file_lock(*f, operation & ~LOCK_NB, wait);
}

lib::result<int> dup3(const arguments& args) {
    const uint32_t flags = args.as_u32(2);
    if ((flags & ~static_cast<uint32_t>(O_CLOEXEC)) != 0 || args.as_int(0) == args.as_int(1)) {
        return lib::error{EINVAL};
    }
    return duplicate_at(args.as_int(0), args.as_int(1),
                        flags != 0 ? fs::fd_flags::close_on_exec : fs::fd_flags::none);
}

lib::result<int> dup2(const arguments& args) {
    if (args.as_int(0) == args.as_int(1)) {
        TRY(current_files().get(args.as_int(0)));
        return args.as_int(1);
    }
    return duplicate_at(args.as_int(0), args.as_int(1), fs::fd_flags::none);
}

} // namespace

long sys_dup(const arguments& args) {
    return lib::as_syscall(duplicate(args.as_int(0), fs::fd_flags::none, 0));
}
long sys_dup2(const arguments& args) {
    return lib::as_syscall(dup2(args));
}
long sys_dup3(const arguments& args) {
    return lib::as_syscall(dup3(args));
}
long sys_fcntl(const arguments& args) {
    return lib::as_syscall(fcntl(args.as_int(0), args.as_int(1), args[2]));
}
long sys_ioctl(const arguments& args) {
    return lib::as_syscall(ioctl(args.as_int(0), args.as_u32(1), args[2]));
}
long sys_flock(const arguments& args) {
    return lib::as_syscall(flock(args.as_int(0), args.as_int(1)));
}

} // namespace syscall
