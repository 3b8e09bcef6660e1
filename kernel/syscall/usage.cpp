#include "kernel/syscall/usage.hpp"

// getrusage, times and the limits.

#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/arch/clock.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/syscall/process.hpp"
#include "kernel/task/permission.hpp"

namespace syscall {

namespace {

constexpr uint64_t tick_ns = 10'000'000; // AT_CLKTCK is 100 a second
constexpr uint64_t file_limit = 1024;

timeval timeval_of(uint64_t time_ns) {
    return {static_cast<int64_t>(time_ns / 1'000'000'000),
            static_cast<int64_t>(time_ns % 1'000'000'000 / 1000)};
}

task::usage children_usage() {
    const arch::spin_guard guard(task::process_table_lock);
    return task::current_process().children_usage;
}

lib::result<task::usage> usage_of(int who) {
    switch (who) {
    case RUSAGE_SELF: {
        task::usage own = task::usage_of(task::current_process());
        own.peak_memory_bytes = task::current_process().space->usage().resident_bytes;
        return own;
    }
    case RUSAGE_CHILDREN:
        return children_usage();
    case RUSAGE_THREAD:
        return task::usage_of(task::current());
    default:
        return lib::error{EINVAL};
    }
}

lib::result<lib::ref<task::process>> find(int process_id) {
    auto found = process_id == 0 ? lib::ref<task::process>::share(&task::current_process())
                                 : task::find_process(process_id);
    if (!found) {
        return lib::error{ESRCH};
    }
    return found;
}

lib::result<task::resource_limit> exchange_limit(task::process& target, uint32_t resource,
                                                 const task::resource_limit* wanted) {
    if (resource >= task::resource_count) {
        return lib::error{EINVAL};
    }
    const bool is_root = task::current_credentials().is_root();
    const arch::spin_guard guard(target.details_lock);
    task::resource_limit& limit = target.limits[resource];
    const task::resource_limit before = limit;
    if (wanted != nullptr) {
        if (wanted->soft > wanted->hard) {
            return lib::error{EINVAL};
        }
        const bool beyond_table = resource == RLIMIT_NOFILE && wanted->hard > file_limit;
        if (beyond_table || (wanted->hard > limit.hard && !is_root)) {
            return lib::error{EPERM};
        }
        limit = *wanted;
    }
    return before;
}

lib::result<long> change_limit(int process_id, uint32_t resource, uint64_t user_new, uint64_t user_old) {
    const lib::ref<task::process> target = TRY(find(process_id));
    if (!task::may_limit(*target)) {
        return lib::error{EPERM};
    }
    task::resource_limit wanted = {};
    if (user_new != 0) {
        const rlimit given = TRY(mm::fetch(mm::user_ptr<const rlimit>(user_new)));
        wanted = {given.rlim_cur, given.rlim_max};
    }
    const auto before = TRY(exchange_limit(*target, resource, user_new != 0 ? &wanted : nullptr));
    if (user_old != 0) {
        TRY(mm::store(mm::user_ptr<rlimit>(user_old), rlimit{before.soft, before.hard}));
    }
    return 0;
}

} // namespace

rusage usage_for_user(const task::usage& used) {
    rusage told = {};
    told.ru_utime = timeval_of(used.user_ns);
    told.ru_stime = timeval_of(used.system_ns);
    told.ru_maxrss = static_cast<int64_t>(used.peak_memory_bytes / 1024);
    told.ru_minflt = static_cast<int64_t>(used.minor_faults);
    told.ru_nvcsw = static_cast<int64_t>(used.voluntary_switches);
    told.ru_nivcsw = static_cast<int64_t>(used.involuntary_switches);
    return told;
}

long sys_getrusage(const arguments& args) {
    const auto used = usage_of(args.as_int(0));
    if (!used.ok()) {
        return -used.error().number;
    }
    return lib::as_syscall(mm::store(mm::user_ptr<rusage>(args[1]), usage_for_user(used.value())));
}

long sys_times(const arguments& args) {
    const task::usage own = task::usage_of(task::current_process());
    const task::usage children = children_usage();
    const tms told = {
        .tms_utime = static_cast<int64_t>(own.user_ns / tick_ns),
        .tms_stime = static_cast<int64_t>(own.system_ns / tick_ns),
        .tms_cutime = static_cast<int64_t>(children.user_ns / tick_ns),
        .tms_cstime = static_cast<int64_t>(children.system_ns / tick_ns),
    };
    if (args[0] != 0 && !mm::store(mm::user_ptr<tms>(args[0]), told).ok()) {
        return -EFAULT;
    }
    return static_cast<long>(arch::clock_now_ns() / tick_ns);
}

long sys_getrlimit(const arguments& args) {
    if (args.as_u32(0) < task::resource_count && args[1] == 0) {
        return -EFAULT;
    }
    return lib::as_syscall(change_limit(0, args.as_u32(0), 0, args[1]));
}

long sys_setrlimit(const arguments& args) {
    return args[1] == 0 ? -EFAULT : lib::as_syscall(change_limit(0, args.as_u32(0), args[1], 0));
}

long sys_prlimit64(const arguments& args) {
    return lib::as_syscall(change_limit(args.as_int(0), args.as_u32(1), args[2], args[3]));
}

} // namespace syscall
