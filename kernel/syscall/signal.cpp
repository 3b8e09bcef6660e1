#include "kernel/syscall/signal.hpp"

// The calls around task/signal. Sending to several processes goes through their ids one by one, so that no
// lock is held while a signal is delivered to each.

#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/abi/time.h"
#include "kernel/arch/clock.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/time_values.hpp"
#include "kernel/task/permission.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/real_timer.hpp"
#include "kernel/task/signal.hpp"
#include "kernel/task/wait_queue.hpp"

namespace syscall {

namespace {

constexpr int init_id = 1;

task::signal_info info_from_caller(int code) {
    task::signal_info info;
    info.code = code;
    info.pid = task::current_process().id;
    info.uid = static_cast<int>(task::current_credentials().uid);
    return info;
}

// kill(2): root may signal everybody, others those of their own user; SIGCONT goes to the own session.
lib::result<void> check_permission(task::process& target, int number) {
    if (task::may_signal(task::current_credentials(), target)) {
        return {};
    }
    const arch::spin_guard guard(task::process_table_lock);
    const bool same_session = number == SIGCONT && target.session == task::current_process().session;
    return same_session ? lib::result<void>{} : lib::error{EPERM};
}

lib::result<void> check_number(int number) {
    return number == 0 || task::is_signal(number) ? lib::result<void>{} : lib::error{EINVAL};
}

lib::result<void> send_to(task::process& target, int number, const task::signal_info& info) {
    TRY(check_permission(target, number));
    task::send_signal(target, number, info);
    return {};
}

lib::result<void> send_to_group(int group_id, int number, const task::signal_info& info) {
    lib::result<void> outcome = lib::error{ESRCH};
    bool sent = false;
    int last_id = 0;
    while (const lib::ref<task::process> member = task::next_in_group(group_id, last_id)) {
        last_id = member->id;
        outcome = send_to(*member, number, info);
        sent = sent || outcome.ok();
    }
    return sent ? lib::result<void>{} : lib::result<void>{outcome.error()};
}

// kill(-1): everybody but init and the caller.
lib::result<void> send_to_all(int number, const task::signal_info& info) {
    bool sent = false;
    const int own_id = task::current_process().id;
    for (int id = task::next_process_id(init_id); id != 0; id = task::next_process_id(id)) {
        const lib::ref<task::process> target = task::find_process(id);
        if (target && id != own_id && send_to(*target, number, info).ok()) {
            sent = true;
        }
    }
    return sent ? lib::result<void>{} : lib::error{ESRCH};
}

lib::result<void> kill(int process_id, int number) {
    TRY(check_number(number));
    const task::signal_info info = info_from_caller(SI_USER);
    if (process_id == -1) {
        return send_to_all(number, info);
    }
    if (process_id < -1 || process_id == 0) {
        if (process_id == -2147483647 - 1) {
            return lib::error{ESRCH};
        }
        return send_to_group(process_id == 0 ? task::current_process().group_id : -process_id, number, info);
    }
    const lib::ref<task::process> target = task::find_process(process_id);
    if (!target) {
        return lib::error{ESRCH};
    }
    return send_to(*target, number, info);
}

// group_id 0: any process.
lib::result<void> kill_thread(int process_id, int thread_id, int number, const task::signal_info& info) {
    if (thread_id <= 0 || process_id < 0) {
        return lib::error{EINVAL};
    }
    TRY(check_number(number));
    const lib::ref<task::thread> target = task::find_thread(thread_id);
    if (!target || target->owner->id == 0 || (process_id != 0 && target->owner->id != process_id)) {
        return lib::error{ESRCH};
    }
    TRY(check_permission(*target->owner, number));
    task::send_signal(*target, number, info);
    return {};
}

// The siginfo of sigqueue: a program may not pretend to be the kernel or kill(2) towards others.
lib::result<task::signal_info> fetch_queued_info(uint64_t user_info, int target_id) {
    const siginfo_t given = TRY(mm::fetch(mm::user_ptr<const siginfo_t>(user_info)));
    const bool own = target_id == task::current_process().id;
    if (!own && (given.si_code >= 0 || given.si_code == SI_TKILL)) {
        return lib::error{EPERM};
    }
    task::signal_info info;
    info.code = given.si_code;
    info.pid = given.si_fields.from.pid;
    info.uid = static_cast<int>(given.si_fields.from.uid);
    info.value = reinterpret_cast<uint64_t>(given.si_fields.from.u.value.sival_ptr);
    return info;
}

lib::result<void> queue_to_process(const arguments& args) {
    const int target_id = args.as_int(0);
    TRY(check_number(args.as_int(1)));
    const task::signal_info info = TRY(fetch_queued_info(args[2], target_id));
    const lib::ref<task::process> target = task::find_process(target_id);
    if (!target) {
        return lib::error{ESRCH};
    }
    return send_to(*target, args.as_int(1), info);
}

lib::result<void> queue_to_thread(const arguments& args) {
    const task::signal_info info = TRY(fetch_queued_info(args[3], args.as_int(0)));
    return kill_thread(args.as_int(0), args.as_int(1), args.as_int(2), info);
}

lib::result<void> change_action(const arguments& args) {
    if (args[3] != sizeof(sigset_t)) {
        return lib::error{EINVAL};
    }
    task::signal_action wanted;
    if (args[1] != 0) {
        const auto given = TRY(mm::fetch(mm::user_ptr<const kernel_sigaction>(args[1])));
        wanted = {given.handler, given.flags, given.restorer, given.mask};
    }
    const task::signal_action before =
        TRY(task::exchange_signal_action(args.as_int(0), args[1] != 0 ? &wanted : nullptr));
    if (args[2] != 0) {
        const kernel_sigaction told = {before.handler, before.flags, before.restorer, before.mask};
        TRY(mm::store(mm::user_ptr<kernel_sigaction>(args[2]), told));
    }
    return {};
}

lib::result<void> change_mask(const arguments& args) {
    if (args[3] != sizeof(sigset_t)) {
        return lib::error{EINVAL};
    }
    const task::signal_set before = task::current().blocked;
    if (args[1] != 0) {
        const sigset_t given = TRY(mm::fetch(mm::user_ptr<const sigset_t>(args[1])));
        switch (args.as_int(0)) {
        case SIG_BLOCK:
            task::set_blocked_signals(before | given);
            break;
        case SIG_UNBLOCK:
            task::set_blocked_signals(before & ~given);
            break;
        case SIG_SETMASK:
            task::set_blocked_signals(given);
            break;
        default:
            return lib::error{EINVAL};
        }
    }
    if (args[2] != 0) {
        TRY(mm::store(mm::user_ptr<sigset_t>(args[2]), before));
    }
    return {};
}

// Sleeps until a signal is to be acted on: for pause and sigsuspend.
long sleep_for_signal() {
    task::waiter self;
    (void)self.sleep(task::never, task::wait_kind::interruptible).ok();
    return -EINTR;
}

lib::result<int> timed_wait(const arguments& args) {
    if (args[3] != sizeof(sigset_t)) {
        return lib::error{EINVAL};
    }
    const sigset_t wanted = TRY(mm::fetch(mm::user_ptr<const sigset_t>(args[0])));
    uint64_t deadline_ns = task::never;
    if (args[2] != 0) {
        const timespec span = TRY(mm::fetch(mm::user_ptr<const timespec>(args[2])));
        deadline_ns = deadline_after(TRY(checked_ns(span)));
    }
    task::signal_info info;
    const int number = TRY(task::wait_for_signal(wanted, deadline_ns, info));
    if (args[1] != 0) {
        siginfo_t told;
        task::describe_signal(number, info, told);
        TRY(mm::store(mm::user_ptr<siginfo_t>(args[1]), told));
    }
    return number;
}

lib::result<void> change_alternate_stack(const arguments& args) {
    task::thread& self = task::current();
    const stack_t before = task::alternate_stack_of(self, args.frame.rsp);
    if (args[0] != 0) {
        const stack_t given = TRY(mm::fetch(mm::user_ptr<const stack_t>(args[0])));
        if (before.ss_flags == SS_ONSTACK) {
            return lib::error{EPERM};
        }
        if ((given.ss_flags & ~(SS_DISABLE | SS_ONSTACK)) != 0) {
            return lib::error{EINVAL};
        }
        const bool disable = (given.ss_flags & SS_DISABLE) != 0;
        if (!disable && given.ss_size < MINSIGSTKSZ) {
            return lib::error{ENOMEM};
        }
        self.alternate_stack = reinterpret_cast<uint64_t>(given.ss_sp);
        self.alternate_stack_size = disable ? 0 : given.ss_size;
    }
    if (args[1] != 0) {
        TRY(mm::store(mm::user_ptr<stack_t>(args[1]), before));
    }
    return {};
}

itimerval timer_for_user(const task::real_timer_value& value) {
    return {timeval_of(value.interval_ns), timeval_of(value.remaining_ns)};
}

lib::result<void> change_timer(const arguments& args) {
    if (args.as_int(0) != ITIMER_REAL) {
        return lib::error{EINVAL};
    }
    task::real_timer_value wanted = {};
    if (args[1] != 0) {
        const itimerval given = TRY(mm::fetch(mm::user_ptr<const itimerval>(args[1])));
        wanted.remaining_ns = TRY(checked_ns(given.it_value));
        wanted.interval_ns = TRY(checked_ns(given.it_interval));
    }
    const task::real_timer_value before = task::set_real_timer(wanted);
    if (args[2] != 0) {
        TRY(mm::store(mm::user_ptr<itimerval>(args[2]), timer_for_user(before)));
    }
    return {};
}

} // namespace

long sys_kill(const arguments& args) {
    return lib::as_syscall(kill(args.as_int(0), args.as_int(1)));
}

long sys_tkill(const arguments& args) {
    return lib::as_syscall(kill_thread(0, args.as_int(0), args.as_int(1), info_from_caller(SI_TKILL)));
}

long sys_tgkill(const arguments& args) {
    if (args.as_int(0) <= 0) {
        return -EINVAL;
    }
    return lib::as_syscall(
        kill_thread(args.as_int(0), args.as_int(1), args.as_int(2), info_from_caller(SI_TKILL)));
}

long sys_rt_sigqueueinfo(const arguments& args) {
    return lib::as_syscall(queue_to_process(args));
}

long sys_rt_tgsigqueueinfo(const arguments& args) {
    return lib::as_syscall(queue_to_thread(args));
}

long sys_rt_sigaction(const arguments& args) {
    return lib::as_syscall(change_action(args));
}

long sys_rt_sigprocmask(const arguments& args) {
    return lib::as_syscall(change_mask(args));
}

long sys_rt_sigreturn(const arguments& args) {
    return task::signal_return(args.frame);
}

long sys_rt_sigpending(const arguments& args) {
    if (args[1] != sizeof(sigset_t)) {
        return -EINVAL;
    }
    return lib::as_syscall(mm::store(mm::user_ptr<sigset_t>(args[0]), sigset_t{task::pending_signal_set()}));
}

long sys_rt_sigsuspend(const arguments& args) {
    if (args[1] != sizeof(sigset_t)) {
        return -EINVAL;
    }
    const auto mask = mm::fetch(mm::user_ptr<const sigset_t>(args[0]));
    if (!mask.ok()) {
        return -EFAULT;
    }
    task::set_temporary_mask(mask.value());
    return sleep_for_signal();
}

long sys_rt_sigtimedwait(const arguments& args) {
    return lib::as_syscall(timed_wait(args));
}

long sys_sigaltstack(const arguments& args) {
    return lib::as_syscall(change_alternate_stack(args));
}

long sys_pause(const arguments&) {
    return sleep_for_signal();
}

long sys_alarm(const arguments& args) {
    const auto before = task::set_real_timer({args.as_u32(0) * uint64_t{1'000'000'000}, 0});
    // Rounded as Linux does, but never to 0 while the alarm was still to come.
    const uint64_t seconds = (before.remaining_ns + 500'000'000) / 1'000'000'000;
    return static_cast<long>(seconds == 0 && before.remaining_ns != 0 ? 1 : seconds);
}

long sys_setitimer(const arguments& args) {
    return lib::as_syscall(change_timer(args));
}

long sys_getitimer(const arguments& args) {
    if (args.as_int(0) != ITIMER_REAL) {
        return -EINVAL;
    }
    return lib::as_syscall(
        mm::store(mm::user_ptr<itimerval>(args[1]), timer_for_user(task::get_real_timer())));
}

} // namespace syscall
