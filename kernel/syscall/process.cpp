#include "kernel/syscall/process.hpp"

// Making processes and threads, ending them, waiting for them, and their places in groups and sessions.
// The work is in task/fork, task/exit, task/wait_child and task/job_control.

#include "kernel/abi/errno.h"
#include "kernel/abi/process.h"
#include "kernel/abi/signal.h"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/usage.hpp"
#include "kernel/task/exit.hpp"
#include "kernel/task/fork.hpp"
#include "kernel/task/process.hpp"

namespace syscall {

namespace {

// clone3's argument, as far as it is understood here (Linux: struct clone_args, version 0).
struct clone_arguments {
    uint64_t flags;
    uint64_t pidfd;
    uint64_t child_tid;
    uint64_t parent_tid;
    uint64_t exit_signal;
    uint64_t stack;
    uint64_t stack_size;
    uint64_t tls;
};

long run_clone(const task::clone_request& request) {
    const bool bad_tls = (request.flags & CLONE_SETTLS) != 0 && !mm::is_user_address(request.tls);
    if (bad_tls || request.exit_signal > 64 || request.exit_signal < 0) {
        return bad_tls ? -EPERM : -EINVAL;
    }
    return lib::as_syscall(task::clone(request));
}

lib::result<void> store_wait_result(const task::child_event& event, uint64_t user_status,
                                    uint64_t user_usage) {
    if (event.process_id == 0) {
        return {};
    }
    if (user_status != 0) {
        TRY(mm::store(mm::user_ptr<int>(user_status), static_cast<int>(event.wait_status)));
    }
    if (user_usage != 0) {
        TRY(mm::store(mm::user_ptr<rusage>(user_usage), usage_for_user(event.used)));
    }
    return {};
}

// waitid's siginfo: only pid, uid, code and status are filled.
siginfo_t describe_event(const task::child_event& event) {
    siginfo_t info = {};
    if (event.process_id == 0) {
        return info;
    }
    info.si_signo = SIGCHLD;
    info.si_fields.from.pid = event.process_id;
    info.si_fields.from.uid = event.uid;
    int& status = info.si_fields.from.u.child.status;
    if (event.wait_status == 0xffff) {
        info.si_code = CLD_CONTINUED;
        status = SIGCONT;
    } else if (WIFSTOPPED(event.wait_status)) {
        info.si_code = CLD_STOPPED;
        status = static_cast<int>(WSTOPSIG(event.wait_status));
    } else if (WIFEXITED(event.wait_status)) {
        info.si_code = CLD_EXITED;
        status = static_cast<int>(WEXITSTATUS(event.wait_status));
    } else {
        info.si_code = CLD_KILLED;
        status = static_cast<int>(WTERMSIG(event.wait_status));
    }
    return info;
}

lib::result<int> filter_of(int kind, int id) {
    switch (kind) {
    case P_ALL:
        return -1;
    case P_PID:
        return id > 0 ? lib::result<int>(id) : lib::error{EINVAL};
    case P_PGID:
        return id >= 0 ? lib::result<int>(-id) : lib::error{EINVAL};
    default:
        return lib::error{EINVAL};
    }
}

lib::result<long> waitid(const arguments& args) {
    const uint32_t options = args.as_u32(3);
    constexpr uint32_t kinds = WEXITED | WSTOPPED | WCONTINUED;
    if ((options & kinds) == 0 || (options & ~(kinds | WNOHANG | WNOWAIT)) != 0) {
        return lib::error{EINVAL};
    }
    const int wanted = TRY(filter_of(args.as_int(0), args.as_int(1)));
    const task::child_event event = TRY(task::wait_for_child({wanted, options}));
    if (args[2] != 0) {
        TRY(mm::store(mm::user_ptr<siginfo_t>(args[2]), describe_event(event)));
    }
    if (args[4] != 0) {
        TRY(mm::store(mm::user_ptr<rusage>(args[4]), usage_for_user(event.used)));
    }
    return 0;
}

// The process with this id, 0 meaning the caller.
lib::result<lib::ref<task::process>> find(int process_id) {
    lib::ref<task::process> found = process_id == 0 ? lib::ref<task::process>::share(&task::current_process())
                                                    : task::find_process(process_id);
    if (!found) {
        return lib::error{ESRCH};
    }
    return found;
}

lib::result<int> group_of(int process_id) {
    const lib::ref<task::process> target = TRY(find(process_id));
    const arch::spin_guard guard(task::process_table_lock);
    return int{target->group_id};
}

lib::result<int> session_of(int process_id) {
    const lib::ref<task::process> target = TRY(find(process_id));
    const arch::spin_guard guard(task::process_table_lock);
    return int{target->session->id};
}

} // namespace

long sys_fork(const arguments&) {
    return run_clone({.exit_signal = SIGCHLD});
}

long sys_vfork(const arguments&) {
    return run_clone({.flags = CLONE_VFORK | CLONE_VM, .exit_signal = SIGCHLD});
}

long sys_clone(const arguments& args) {
    return run_clone({
        .flags = args[0] & ~uint64_t{CSIGNAL} & 0xffffffff,
        .exit_signal = static_cast<int>(args[0] & CSIGNAL),
        .stack = args[1],
        .tls = args[4],
        .parent_tid = args[2],
        .child_tid = args[3],
    });
}

long sys_clone3(const arguments& args) {
    constexpr uint64_t largest_known = 4096;
    if (args[1] < sizeof(clone_arguments) || args[1] > largest_known) {
        return args[1] > largest_known ? -E2BIG : -EINVAL;
    }
    const auto fetched = mm::fetch(mm::user_ptr<const clone_arguments>(args[0]));
    if (!fetched.ok()) {
        return -EFAULT;
    }
    const clone_arguments& wanted = fetched.value();
    const bool half_stack = (wanted.stack == 0) != (wanted.stack_size == 0);
    const bool not_own_child = (wanted.flags & (CLONE_THREAD | CLONE_PARENT)) != 0;
    const bool bad_signal = wanted.exit_signal > 64 || (not_own_child && wanted.exit_signal != 0);
    if ((wanted.flags >> 32) != 0 || half_stack || bad_signal) {
        return -EINVAL;
    }
    return run_clone({
        .flags = wanted.flags,
        .exit_signal = static_cast<int>(wanted.exit_signal),
        .stack = wanted.stack + wanted.stack_size,
        .tls = wanted.tls,
        .parent_tid = wanted.parent_tid,
        .child_tid = wanted.child_tid,
    });
}

long sys_exit(const arguments& args) {
    task::exit_thread((args.as_u32(0) & 0xff) << 8);
}

long sys_exit_group(const arguments& args) {
    task::exit_process((args.as_u32(0) & 0xff) << 8);
}

long sys_wait4(const arguments& args) {
    constexpr uint32_t known = WNOHANG | WUNTRACED | WCONTINUED | 0xe0000000; // __WALL, __WCLONE, __WNOTHREAD
    const uint32_t options = args.as_u32(2);
    if ((options & ~known) != 0 || args.as_int(0) == -2147483647 - 1) {
        return (options & ~known) != 0 ? -EINVAL : -ESRCH;
    }
    const auto event = task::wait_for_child({args.as_int(0), options | WEXITED});
    if (!event.ok()) {
        return lib::as_syscall(lib::result<void>(event.error()));
    }
    const auto stored = store_wait_result(event.value(), args[1], args[3]);
    return stored.ok() ? event.value().process_id : lib::as_syscall(stored);
}

long sys_waitid(const arguments& args) {
    return lib::as_syscall(waitid(args));
}

long sys_getpid(const arguments&) {
    return task::current_process().id;
}

long sys_getppid(const arguments&) {
    const arch::spin_guard guard(task::process_table_lock);
    const task::process* parent = task::current_process().parent;
    return parent != nullptr ? parent->id : 0;
}

long sys_gettid(const arguments&) {
    return task::current().id;
}

long sys_setpgid(const arguments& args) {
    return lib::as_syscall(task::set_process_group(args.as_int(0), args.as_int(1)));
}

long sys_getpgid(const arguments& args) {
    return lib::as_syscall(group_of(args.as_int(0)));
}

long sys_getpgrp(const arguments&) {
    return lib::as_syscall(group_of(0));
}

long sys_setsid(const arguments&) {
    return lib::as_syscall(task::create_session());
}

long sys_getsid(const arguments& args) {
    return lib::as_syscall(session_of(args.as_int(0)));
}

} // namespace syscall
