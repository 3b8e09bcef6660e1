// The table of calls with the kinds of their arguments: every call that the kernel has, apart from reboot,
// mount and umount2, whose effects would outlive the run, and rt_sigreturn, which takes none.

#include "user/sysfuzz/calls.hpp"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using enum kind;

struct call {
    long number;
    kind arguments[6];
    int socketcall = 0; ///< Its number as a socketcall.
};

constexpr call calls[] = {
    {SYS_read, {fd, out, length}},
    {SYS_write, {fd, in, length}},
    {SYS_open, {path, open_flags, mode}},
    {SYS_close, {fd}},
    {SYS_stat, {path, out}},
    {SYS_fstat, {fd, out}},
    {SYS_lstat, {path, out}},
    {SYS_poll, {poll_list, length, number}},
    {SYS_lseek, {fd, offset, number}},
    {SYS_mmap, {address, offset, protection, flags, fd, offset}},
    {SYS_mprotect, {address, offset, protection}},
    {SYS_munmap, {address, offset}},
    {SYS_brk, {address}},
    {SYS_rt_sigaction, {signal, signal_action, out, number}},
    {SYS_rt_sigprocmask, {number, signal_set, out, number}},
    {SYS_ioctl, {fd, ioctl_request, in}},
    {SYS_pread64, {fd, out, length, offset}},
    {SYS_pwrite64, {fd, in, length, offset}},
    {SYS_readv, {fd, vector, vector_count}},
    {SYS_writev, {fd, vector, vector_count}},
    {SYS_access, {path, number}},
    {SYS_pipe, {out}},
    {SYS_select, {number, fd_set, fd_set, fd_set, time}},
    {SYS_sched_yield, {}},
    {SYS_mremap, {address, offset, offset, number, address}},
    {SYS_msync, {address, offset, number}},
    {SYS_mincore, {address, offset, out}},
    {SYS_madvise, {address, offset, number}},
    {SYS_dup, {fd}},
    {SYS_dup2, {fd, fd}},
    {SYS_pause, {}},
    {SYS_nanosleep, {time, out}},
    {SYS_getitimer, {number, out}},
    {SYS_alarm, {number}},
    {SYS_setitimer, {number, interval, out}},
    {SYS_getpid, {}},
    {SYS_sendfile, {fd, fd, out, length}},
    {SYS_splice, {fd, in, fd, in, length, flags}},
    {SYS_socket, {family, socket_type, number}, 1},
    {SYS_bind, {fd, socket_address, length}, 2},
    {SYS_connect, {fd, socket_address, length}, 3},
    {SYS_listen, {fd, number}, 4},
    {SYS_accept, {fd, out, address_length}, 5},
    {SYS_getsockname, {fd, out, address_length}, 6},
    {SYS_getpeername, {fd, out, address_length}, 7},
    {SYS_socketpair, {family, socket_type, number, out}, 8},
    {SYS_sendto, {fd, in, length, flags, socket_address, length}, 11},
    {SYS_recvfrom, {fd, out, length, flags, out, address_length}, 12},
    {SYS_shutdown, {fd, number}, 13},
    {SYS_setsockopt, {fd, socket_level, socket_option, in, length}, 14},
    {SYS_getsockopt, {fd, socket_level, socket_option, out, address_length}, 15},
    {SYS_sendmsg, {fd, message, flags}, 16},
    {SYS_recvmsg, {fd, message, flags}, 17},
    {SYS_accept4, {fd, out, address_length, flags}, 18},
    {SYS_recvmmsg, {fd, messages, length, flags, time}, 19},
    {SYS_sendmmsg, {fd, messages, length, flags}, 20},
    {SYS_clone, {flags, number, out, out, out}},
    {SYS_fork, {}},
    {SYS_vfork, {}},
    {SYS_execve, {program, strings, strings}},
    {SYS_exit, {number}},
    {SYS_wait4, {process, out, number, out}},
    {SYS_kill, {process, signal}},
    {SYS_uname, {out}},
    {SYS_fcntl, {fd, fcntl_command, in}},
    {SYS_flock, {fd, number}},
    {SYS_fsync, {fd}},
    {SYS_fdatasync, {fd}},
    {SYS_truncate, {path, offset}},
    {SYS_ftruncate, {fd, offset}},
    {SYS_getcwd, {out, length}},
    {SYS_chdir, {path}},
    {SYS_fchdir, {fd}},
    {SYS_rename, {path, path}},
    {SYS_mkdir, {path, mode}},
    {SYS_rmdir, {path}},
    {SYS_creat, {path, mode}},
    {SYS_link, {path, path}},
    {SYS_unlink, {path}},
    {SYS_symlink, {path, path}},
    {SYS_readlink, {path, out, length}},
    {SYS_chmod, {path, mode}},
    {SYS_fchmod, {fd, mode}},
    {SYS_chown, {path, user, user}},
    {SYS_fchown, {fd, user, user}},
    {SYS_lchown, {path, user, user}},
    {SYS_umask, {mode}},
    {SYS_gettimeofday, {out, out}},
    {SYS_getrlimit, {number, out}},
    {SYS_getrusage, {number, out}},
    {SYS_sysinfo, {out}},
    {SYS_times, {out}},
    {SYS_getuid, {}},
    {SYS_syslog, {number, out, length}},
    {SYS_getgid, {}},
    {SYS_setuid, {user}},
    {SYS_setgid, {user}},
    {SYS_geteuid, {}},
    {SYS_getegid, {}},
    {SYS_setpgid, {process, process}},
    {SYS_getppid, {}},
    {SYS_getpgrp, {}},
    {SYS_setsid, {}},
    {SYS_setreuid, {user, user}},
    {SYS_setregid, {user, user}},
    {SYS_getgroups, {number, out}},
    {SYS_setgroups, {number, in}},
    {SYS_setresuid, {user, user, user}},
    {SYS_getresuid, {out, out, out}},
    {SYS_setresgid, {user, user, user}},
    {SYS_getresgid, {out, out, out}},
    {SYS_getpgid, {process}},
    {SYS_setfsuid, {user}},
    {SYS_setfsgid, {user}},
    {SYS_getsid, {process}},
    {SYS_capget, {in, out}},
    {SYS_capset, {in, in}},
    {SYS_rt_sigpending, {out, number}},
    {SYS_rt_sigtimedwait, {signal_set, out, time, number}},
    {SYS_rt_sigqueueinfo, {process, signal, in}},
    {SYS_rt_sigsuspend, {signal_set, number}},
    {SYS_sigaltstack, {in, out}},
    {SYS_utime, {path, time}},
    {SYS_mknod, {path, mode, number}},
    {SYS_personality, {number}},
    {SYS_statfs, {path, out}},
    {SYS_fstatfs, {fd, out}},
    {SYS_getpriority, {number, process}},
    {SYS_setpriority, {number, process, number}},
    {SYS_sched_setparam, {process, in}},
    {SYS_sched_getparam, {process, out}},
    {SYS_sched_setscheduler, {process, number, in}},
    {SYS_sched_getscheduler, {process}},
    {SYS_sched_get_priority_max, {number}},
    {SYS_sched_get_priority_min, {number}},
    {SYS_sched_rr_get_interval, {process, out}},
    {SYS_mlock, {address, offset}},
    {SYS_munlock, {address, offset}},
    {SYS_mlockall, {number}},
    {SYS_munlockall, {}},
    {SYS_prctl, {prctl_option, in, number, number, number}},
    {SYS_arch_prctl, {arch_prctl_code, out}},
    {SYS_setrlimit, {number, in}},
    {SYS_chroot, {path}},
    {SYS_sync, {}},
    {SYS_settimeofday, {in, in}},
    {SYS_sethostname, {in, length}},
    {SYS_setdomainname, {in, length}},
    {SYS_iopl, {number}},
    {SYS_gettid, {}},
    {SYS_tkill, {process, signal}},
    {SYS_time, {out}},
    {SYS_futex, {futex_word, futex_operation, number, time, futex_word, number}},
    {SYS_sched_setaffinity, {process, number, in}},
    {SYS_sched_getaffinity, {process, number, out}},
    {SYS_epoll_create, {number}},
    {SYS_getdents64, {fd, out, length}},
    {SYS_set_tid_address, {out}},
    {SYS_restart_syscall, {}},
    {SYS_fadvise64, {fd, offset, length, number}},
    {SYS_clock_settime, {clock, in}},
    {SYS_clock_gettime, {clock, out}},
    {SYS_clock_getres, {clock, out}},
    {SYS_clock_nanosleep, {clock, number, time, out}},
    {SYS_exit_group, {number}},
    {SYS_epoll_wait, {fd, out, number, number}},
    {SYS_epoll_ctl, {fd, number, fd, epoll_event}},
    {SYS_tgkill, {process, process, signal}},
    {SYS_utimes, {path, time}},
    {SYS_waitid, {number, process, out, number, out}},
    {SYS_openat, {dir_fd, path, open_flags, mode}},
    {SYS_mkdirat, {dir_fd, path, mode}},
    {SYS_mknodat, {dir_fd, path, mode, number}},
    {SYS_fchownat, {dir_fd, path, user, user, flags}},
    {SYS_futimesat, {dir_fd, path, time}},
    {SYS_newfstatat, {dir_fd, path, out, flags}},
    {SYS_unlinkat, {dir_fd, path, flags}},
    {SYS_renameat, {dir_fd, path, dir_fd, path}},
    {SYS_linkat, {dir_fd, path, dir_fd, path, flags}},
    {SYS_symlinkat, {path, dir_fd, path}},
    {SYS_readlinkat, {dir_fd, path, out, length}},
    {SYS_fchmodat, {dir_fd, path, mode}},
    {SYS_faccessat, {dir_fd, path, number}},
    {SYS_pselect6, {number, fd_set, fd_set, fd_set, time, in}},
    {SYS_ppoll, {poll_list, length, time, signal_set, number}},
    {SYS_unshare, {flags}},
    {SYS_set_robust_list, {in, length}},
    {SYS_get_robust_list, {process, out, out}},
    {SYS_utimensat, {dir_fd, path, time, flags}},
    {SYS_epoll_pwait, {fd, out, number, number, signal_set, number}},
    {SYS_eventfd, {number}},
    {SYS_fallocate, {fd, number, offset, offset}},
    {SYS_eventfd2, {number, flags}},
    {SYS_epoll_create1, {flags}},
    {SYS_dup3, {fd, fd, flags}},
    {SYS_pipe2, {out, flags}},
    {SYS_preadv, {fd, vector, vector_count, offset}},
    {SYS_pwritev, {fd, vector, vector_count, offset}},
    {SYS_rt_tgsigqueueinfo, {process, process, signal, in}},
    {SYS_prlimit64, {process, number, in, out}},
    {SYS_syncfs, {fd}},
    {SYS_getcpu, {out, out}},
    {SYS_renameat2, {dir_fd, path, dir_fd, path, flags}},
    {SYS_getrandom, {out, length, flags}},
    {SYS_memfd_create, {path, flags}},
    {SYS_membarrier, {number, number}},
    {SYS_rseq, {in, length, flags, number}},
    {SYS_clone3, {in, length}},
    {SYS_close_range, {number, number, flags}},
    {SYS_faccessat2, {dir_fd, path, number, flags}},
};

bool is_left_out(long number) {
    return number == SYS_reboot || number == SYS_mount || number == SYS_umount2 || number == SYS_rt_sigreturn;
}

bool ends_or_copies_caller(long number) {
    switch (number) {
    case SYS_clone:
    case SYS_clone3:
    case SYS_fork:
    case SYS_vfork:
    case SYS_execve:
    case SYS_exit:
    case SYS_exit_group:
        return true;
    default:
        return false;
    }
}

/// A call that root must not make with a process of its choice, nor anybody to all he may: the argument that
/// names the process, or -1.
int process_argument(long number) {
    switch (number) {
    case SYS_kill:
    case SYS_tkill:
    case SYS_rt_sigqueueinfo:
    case SYS_prlimit64:
    case SYS_setpgid:
    case SYS_sched_setparam:
    case SYS_sched_setaffinity:
        return 0;
    case SYS_tgkill:
    case SYS_rt_tgsigqueueinfo:
    case SYS_setpriority:
        return 1;
    default:
        return -1;
    }
}

/// Never -1, 0 or a stranger's, and no signal but what kill's kinds say: those that end a process are sent
/// by the watchdog often enough.
void keep_to_ourselves(long number, uint64_t (&values)[6]) {
    const int which = process_argument(number);
    if (which >= 0 && (geteuid() == 0 || static_cast<int>(values[which]) <= 0)) {
        values[which] = static_cast<uint64_t>(getpid());
    }
}

long enter(long number, const uint64_t (&values)[6]) {
    return syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

/// In a child, which makes the call and ends, as do all processes that come of it. What it costs is bounded
/// by the watchdog.
void make_in_child(long number, const uint64_t (&values)[6]) {
    if (fork() == 0) {
        alarm(1);
        (void)enter(number, values);
        syscall(SYS_exit_group, 0);
    }
}

void make(random_source& random, arguments& made, long number, uint64_t (&values)[6], int socketcall) {
    keep_to_ourselves(number, values);
    if (ends_or_copies_caller(number)) {
        make_in_child(number, values);
    } else if (socketcall != 0 && random.one_in(2)) {
        (void)syscall(SYS_socketcall, socketcall, made.place(values));
    } else {
        (void)enter(number, values);
    }
}

/// Mostly of a call that there is, now and then of no call at all.
long any_number(random_source& random) {
    while (true) {
        const long number = random.one_in(100)  ? static_cast<long>(random.next() >> random.below(64))
                            : random.one_in(20) ? static_cast<long>(random.below(460))
                            : random.one_in(8)  ? SYS_socketcall
                                                : random.one_of(calls).number;
        if (!is_left_out(number)) {
            return number;
        }
    }
}

/// A row of the table. Those that end or copy the caller are slow: most are drawn again.
const call& any_row(random_source& random) {
    while (true) {
        const call& drawn = random.one_of(calls);
        if (!ends_or_copies_caller(drawn.number) || random.one_in(8)) {
            return drawn;
        }
    }
}

} // namespace

long make_call(random_source& random, arguments& made) {
    uint64_t values[6];
    if (random.one_in(10)) {
        const long number = any_number(random);
        for (uint64_t& value : values) {
            value = made.anything();
        }
        make(random, made, number, values, 0);
        return number;
    }
    const call& chosen = any_row(random);
    for (int index = 0; index < 6; index++) {
        values[index] = made.make(chosen.arguments[index]);
    }
    make(random, made, chosen.number, values, chosen.socketcall);
    return chosen.number;
}
