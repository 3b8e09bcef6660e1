#include "kernel/syscall/process.hpp"

// Calls about the calling thread and about scheduling. There is one fair scheduling class, so the
// policies of sched(7) are accepted as far as they describe it and refused otherwise.

#include "kernel/abi/errno.h"
#include "kernel/abi/process.h"
#include "kernel/arch/context.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/task/futex.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/scheduler.hpp"

namespace syscall {

namespace {

constexpr uint64_t robust_list_head_bytes = 24;
constexpr int nice_offset = 20;

// The thread with this id, 0 meaning the caller.
lib::result<lib::ref<task::thread>> find_thread(int id) {
    auto found = id == 0 ? lib::ref<task::thread>::share(&task::current()) : task::find_thread(id);
    if (!found) {
        return lib::error{ESRCH};
    }
    return found;
}

lib::result<void> set_name(uint64_t user_name) {
    char name[16] = {};
    const auto length = mm::copy_string_from_user(name, mm::user_ptr<const char>(user_name), sizeof name);
    if (!length.ok() && length.error().number != ENAMETOOLONG) {
        return length.error();
    }
    name[sizeof name - 1] = 0;
    task::thread& self = task::current();
    memcpy(self.name, name, sizeof name);
    if (self.id == self.owner->id) {
        memcpy(self.owner->name, name, sizeof name);
    }
    return {};
}

long child_subreaper(const arguments& args) {
    task::process& self = task::current_process();
    if (args.as_int(0) == PR_SET_CHILD_SUBREAPER) {
        const arch::spin_guard guard(task::process_table_lock);
        self.is_subreaper = args[1] != 0;
        return 0;
    }
    return lib::as_syscall(mm::store(mm::user_ptr<int>(args[1]), self.is_subreaper ? 1 : 0));
}

// setpriority's targets: one thread or process, a group, or everything of a user.
struct priority_target {
    int which;
    int id;
    const int* wanted_nice; ///< null: only look
    task::credentials caller;
    int best_nice = nice_offset;
    int error_number = ESRCH; ///< As on Linux: 0 once somebody was found, or why somebody was left alone.
};

// Whether a process may be made less nice: down to 20 - RLIMIT_NICE, by root to anything.
bool may_raise_to(const task::credentials& caller, int wanted, const task::resource_limit& limit) {
    return caller.is_root() || static_cast<uint64_t>(nice_offset - wanted) <= limit.soft;
}

// setpriority's rule: of the target's real and effective user one is the caller's effective one, or root.
int change_priority(task::process& each, const priority_target& target, int wanted) {
    task::credentials who;
    task::resource_limit limit;
    {
        const arch::spin_guard guard(each.details_lock);
        who = each.who;
        limit = each.limits[RLIMIT_NICE];
    }
    const uint32_t own = target.caller.effective_uid;
    if (!target.caller.is_root() && own != who.uid && own != who.effective_uid) {
        return EPERM;
    }
    const arch::spin_guard guard(each.signals.lock);
    for (task::thread& member : each.threads) {
        if (wanted < member.nice && !may_raise_to(target.caller, wanted, limit)) {
            return EACCES;
        }
        task::set_nice(member, wanted);
    }
    return 0;
}

void visit_priority(task::process& each, void* context) {
    auto& target = *static_cast<priority_target*>(context);
    const bool meant = target.which == PRIO_PROCESS ? each.id == target.id
                       : target.which == PRIO_PGRP  ? each.group_id == target.id
                                                    : static_cast<int>(each.who.uid) == target.id;
    if (!meant) {
        return;
    }
    if (target.wanted_nice != nullptr) {
        const int refused = change_priority(each, target, *target.wanted_nice);
        const bool first = target.error_number == ESRCH;
        target.error_number = refused != 0 || first ? refused : target.error_number;
        return;
    }
    target.error_number = 0;
    const arch::spin_guard guard(each.signals.lock);
    for (const task::thread& member : each.threads) {
        target.best_nice = member.nice < target.best_nice ? member.nice : target.best_nice;
    }
}

lib::result<int> priority(int which, int id, const int* wanted_nice) {
    if (which < PRIO_PROCESS || which > PRIO_USER) {
        return lib::error{EINVAL};
    }
    priority_target target{
        .which = which, .id = id, .wanted_nice = wanted_nice, .caller = task::current_credentials()};
    const arch::spin_guard guard(task::process_table_lock);
    if (id == 0) {
        task::process& self = task::current_process();
        target.id = which == PRIO_PROCESS ? self.id
                    : which == PRIO_PGRP  ? self.group_id
                                          : static_cast<int>(self.who.uid);
    }
    task::for_each_process_locked(visit_priority, &target);
    if (target.error_number != 0) {
        return lib::error{target.error_number};
    }
    return nice_offset - target.best_nice; // getpriority's raw result: 40 .. 1
}

lib::result<void> check_policy(const arguments& args) {
    TRY(find_thread(args.as_int(0)));
    const int policy = args.as_int(1);
    const int wanted = TRY(mm::fetch(mm::user_ptr<const int>(args[2])));
    const bool fair = policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
    if (!fair || wanted != 0) {
        return lib::error{fair ? EINVAL : EPERM};
    }
    return {};
}

} // namespace

long sys_set_tid_address(const arguments& args) {
    task::current().clear_child_tid = args[0];
    return task::current().id;
}

long sys_set_robust_list(const arguments& args) {
    if (args[1] != robust_list_head_bytes) {
        return -EINVAL;
    }
    task::current().robust_list = args[0];
    return 0;
}

long sys_get_robust_list(const arguments& args) {
    const auto target = find_thread(args.as_int(0));
    if (!target.ok()) {
        return -ESRCH;
    }
    const auto head = mm::store(mm::user_ptr<uint64_t>(args[1]), target.value()->robust_list);
    const auto size = mm::store(mm::user_ptr<uint64_t>(args[2]), robust_list_head_bytes);
    return head.ok() && size.ok() ? 0 : -EFAULT;
}

// Restartable sequences are an optimisation that every C library can do without; glibc asks for them at
// each start, so the refusal is not worth a line in the log.
long sys_rseq(const arguments&) {
    return -ENOSYS;
}

long sys_futex(const arguments& args) {
    return lib::as_syscall(
        task::futex(args[0], args.as_int(1), args.as_u32(2), args[3], args[4], args.as_u32(5)));
}

long sys_arch_prctl(const arguments& args) {
    task::thread& self = task::current();
    const int operation = args.as_int(0);
    switch (operation) {
    case ARCH_SET_FS:
    case ARCH_SET_GS: {
        if (!mm::is_user_address(args[1])) {
            return -EPERM;
        }
        const arch::irq_guard interrupts_off; // value and register change together
        if (operation == ARCH_SET_FS) {
            self.fs_base = args[1];
            arch::set_fs_base(args[1]);
        } else {
            self.gs_base = args[1];
            arch::set_user_gs_base(args[1]);
        }
        return 0;
    }
    case ARCH_GET_FS:
        return lib::as_syscall(mm::store(mm::user_ptr<uint64_t>(args[1]), self.fs_base));
    case ARCH_GET_GS:
        return lib::as_syscall(mm::store(mm::user_ptr<uint64_t>(args[1]), self.gs_base));
    default:
        return -EINVAL;
    }
}

long sys_prctl(const arguments& args) {
    task::thread& self = task::current();
    switch (args.as_int(0)) {
    case PR_SET_NAME:
        return lib::as_syscall(set_name(args[1]));
    case PR_GET_NAME:
        return lib::as_syscall(mm::copy_to_user(mm::user_ptr<void>(args[1]), self.name, sizeof self.name));
    case PR_GET_DUMPABLE:
        return 1;
    case PR_SET_DUMPABLE:
        return args[1] <= 1 ? 0 : -EINVAL;
    case PR_SET_CHILD_SUBREAPER:
    case PR_GET_CHILD_SUBREAPER:
        return child_subreaper(args);
    case PR_SET_NO_NEW_PRIVS:
        return args[1] == 1 ? 0 : -EINVAL;
    case PR_GET_NO_NEW_PRIVS:
    case PR_GET_KEEPCAPS:
        return 0;
    default:
        return -EINVAL;
    }
}

long sys_sched_yield(const arguments&) {
    task::yield();
    return 0;
}

long sys_sched_getaffinity(const arguments& args) {
    if (!find_thread(args.as_int(0)).ok()) {
        return -ESRCH;
    }
    const uint64_t mask = (uint64_t{1} << arch::cpus_online()) - 1;
    if (args[1] < sizeof mask || (args[1] & 7) != 0) {
        return -EINVAL;
    }
    const auto stored = mm::store(mm::user_ptr<uint64_t>(args[2]), mask);
    return stored.ok() ? static_cast<long>(sizeof mask) : -EFAULT;
}

long sys_sched_setaffinity(const arguments& args) {
    if (!find_thread(args.as_int(0)).ok()) {
        return -ESRCH;
    }
    uint64_t mask = 0;
    const size_t length = args[1] < sizeof mask ? args[1] : sizeof mask;
    if (!mm::copy_from_user(&mask, mm::user_ptr<const void>(args[2]), length).ok()) {
        return -EFAULT;
    }
    const uint64_t online = (uint64_t{1} << arch::cpus_online()) - 1;
    return (mask & online) != 0 ? 0 : -EINVAL;
}

long sys_sched_getparam(const arguments& args) {
    if (!find_thread(args.as_int(0)).ok()) {
        return -ESRCH;
    }
    return lib::as_syscall(mm::store(mm::user_ptr<int>(args[1]), 0));
}

long sys_sched_setparam(const arguments& args) {
    const auto wanted = mm::fetch(mm::user_ptr<const int>(args[1]));
    if (!wanted.ok()) {
        return -EFAULT;
    }
    if (!find_thread(args.as_int(0)).ok()) {
        return -ESRCH;
    }
    return wanted.value() == 0 ? 0 : -EINVAL;
}

long sys_sched_getscheduler(const arguments& args) {
    return find_thread(args.as_int(0)).ok() ? SCHED_OTHER : -ESRCH;
}

long sys_sched_setscheduler(const arguments& args) {
    return lib::as_syscall(check_policy(args));
}

long sys_sched_get_priority_max(const arguments& args) {
    const int policy = args.as_int(0);
    const bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
    return realtime ? 99 : policy >= 0 && policy <= SCHED_IDLE ? 0 : -EINVAL;
}

long sys_sched_get_priority_min(const arguments& args) {
    const int policy = args.as_int(0);
    const bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
    return realtime ? 1 : policy >= 0 && policy <= SCHED_IDLE ? 0 : -EINVAL;
}

long sys_sched_rr_get_interval(const arguments& args) {
    if (!find_thread(args.as_int(0)).ok()) {
        return -ESRCH;
    }
    return lib::as_syscall(mm::store(mm::user_ptr<timespec>(args[1]), timespec{0, 6'000'000}));
}

long sys_getpriority(const arguments& args) {
    return lib::as_syscall(priority(args.as_int(0), args.as_int(1), nullptr));
}

long sys_setpriority(const arguments& args) {
    const int given = args.as_int(2);
    const int wanted_nice = given < -nice_offset  ? -nice_offset
                            : given < nice_offset ? given
                                                  : nice_offset - 1;
    const auto outcome = priority(args.as_int(0), args.as_int(1), &wanted_nice);
    return outcome.ok() ? 0 : -outcome.error().number;
}

long sys_getcpu(const arguments& args) {
    const uint32_t cpu = arch::this_cpu().index;
    if (args[0] != 0 && !mm::store(mm::user_ptr<uint32_t>(args[0]), cpu).ok()) {
        return -EFAULT;
    }
    if (args[1] != 0 && !mm::store(mm::user_ptr<uint32_t>(args[1]), 0u).ok()) {
        return -EFAULT;
    }
    return 0;
}

long sys_membarrier(const arguments& args) {
    constexpr int query = 0;
    constexpr int global = 1;
    switch (args.as_int(0)) {
    case query:
        return global;
    case global:
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return arch::cpus_online() == 1 ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

} // namespace syscall
