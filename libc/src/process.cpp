// Calls about processes that go straight to the kernel: the process half of <unistd.h>, <sys/wait.h>,
// <sys/resource.h>, <sched.h> and small neighbours. fork() is here too; exec() with its search is in
// exec.cpp.

#include "libc/src/internal/syscall.hpp"
#include "libc/src/internal/thread.hpp"

#include <grp.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

using libc::call;
using libc::checked;
using libc::checked_int;

extern "C" {

// Linked only if the program uses pthread_atfork() or malloc().
__attribute__((weak)) void libc_before_fork();
__attribute__((weak)) void libc_after_fork(int in_child);
__attribute__((weak)) void libc_lock_heap(int locks);

pid_t fork(void) {
    if (libc_before_fork != nullptr) {
        libc_before_fork();
    }
    if (libc_lock_heap != nullptr) {
        libc_lock_heap(1);
    }
    long pid = call(SYS_fork);
    if (libc_lock_heap != nullptr) {
        libc_lock_heap(0);
    }
    if (pid == 0) {
        libc::this_thread()->id = static_cast<int>(call(SYS_gettid));
    }
    if (libc_after_fork != nullptr) {
        libc_after_fork(pid == 0);
    }
    return static_cast<pid_t>(libc::check(pid));
}

pid_t getpid(void) {
    return static_cast<pid_t>(call(SYS_getpid));
}
pid_t getppid(void) {
    return static_cast<pid_t>(call(SYS_getppid));
}
pid_t gettid(void) {
    return static_cast<pid_t>(call(SYS_gettid));
}
pid_t getpgrp(void) {
    return static_cast<pid_t>(call(SYS_getpgrp));
}
pid_t getpgid(pid_t pid) {
    return checked_int(SYS_getpgid, pid);
}
int setpgid(pid_t pid, pid_t group) {
    return checked_int(SYS_setpgid, pid, group);
}
int setpgrp(void) {
    return setpgid(0, 0);
}
pid_t getsid(pid_t pid) {
    return checked_int(SYS_getsid, pid);
}
pid_t setsid(void) {
    return checked_int(SYS_setsid);
}
uid_t getuid(void) {
    return static_cast<uid_t>(call(SYS_getuid));
}
uid_t geteuid(void) {
    return static_cast<uid_t>(call(SYS_geteuid));
}
gid_t getgid(void) {
    return static_cast<gid_t>(call(SYS_getgid));
}
gid_t getegid(void) {
    return static_cast<gid_t>(call(SYS_getegid));
}
int setuid(uid_t user) {
    return checked_int(SYS_setuid, user);
}
int seteuid(uid_t user) {
    return checked_int(SYS_setresuid, -1, user, -1);
}
int setreuid(uid_t real, uid_t effective) {
    return checked_int(SYS_setreuid, real, effective);
}
int setresuid(uid_t real, uid_t effective, uid_t saved) {
    return checked_int(SYS_setresuid, real, effective, saved);
}
int setgid(gid_t group) {
    return checked_int(SYS_setgid, group);
}
int setegid(gid_t group) {
    return checked_int(SYS_setresgid, -1, group, -1);
}
int setregid(gid_t real, gid_t effective) {
    return checked_int(SYS_setregid, real, effective);
}
int setresgid(gid_t real, gid_t effective, gid_t saved) {
    return checked_int(SYS_setresgid, real, effective, saved);
}
int getgroups(int count, gid_t* groups) {
    return checked_int(SYS_getgroups, count, groups);
}
int setgroups(size_t count, const gid_t* groups) {
    return checked_int(SYS_setgroups, count, groups);
}

pid_t wait4(pid_t pid, int* status, int options, struct rusage* usage) {
    return checked_int(SYS_wait4, pid, status, options, usage);
}
pid_t wait3(int* status, int options, struct rusage* usage) {
    return wait4(-1, status, options, usage);
}
pid_t waitpid(pid_t pid, int* status, int options) {
    return wait4(pid, status, options, nullptr);
}
pid_t wait(int* status) {
    return waitpid(-1, status, 0);
}
int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
    return checked_int(SYS_waitid, type, id, info, options, nullptr);
}

int prlimit(pid_t pid, int resource, const struct rlimit* wanted, struct rlimit* old) {
    return checked_int(SYS_prlimit64, pid, resource, wanted, old);
}
int getrlimit(int resource, struct rlimit* result) {
    return prlimit(0, resource, nullptr, result);
}
int setrlimit(int resource, const struct rlimit* wanted) {
    return prlimit(0, resource, wanted, nullptr);
}
int getrusage(int who, struct rusage* result) {
    return checked_int(SYS_getrusage, who, result);
}
int setpriority(int which, id_t who, int priority) {
    return checked_int(SYS_setpriority, which, who, priority);
}
int getpriority(int which, id_t who) {
    long result = checked(SYS_getpriority, which, who);
    return result < 0 ? -1 : static_cast<int>(20 - result); // The kernel answers 1 (low) to 40 (high).
}
int nice(int increment) {
    errno = 0;
    int now = getpriority(PRIO_PROCESS, 0);
    if ((now == -1 && errno != 0) || setpriority(PRIO_PROCESS, 0, now + increment) < 0) {
        return -1;
    }
    return getpriority(PRIO_PROCESS, 0);
}

int sched_yield(void) {
    return checked_int(SYS_sched_yield);
}
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t* set) {
    long bytes = checked(SYS_sched_getaffinity, pid, size, set);
    if (bytes < 0) {
        return -1;
    }
    for (size_t i = static_cast<size_t>(bytes); i < size; i++) {
        reinterpret_cast<char*>(set)[i] = 0;
    }
    return 0;
}
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t* set) {
    return checked_int(SYS_sched_setaffinity, pid, size, set);
}
int sched_getscheduler(pid_t pid) {
    return checked_int(SYS_sched_getscheduler, pid);
}
int sched_setscheduler(pid_t pid, int policy, const struct sched_param* parameters) {
    return checked_int(SYS_sched_setscheduler, pid, policy, parameters);
}
int sched_getcpu(void) {
    unsigned cpu = 0;
    return checked(SYS_getcpu, &cpu, nullptr, nullptr) < 0 ? -1 : static_cast<int>(cpu);
}

int uname(struct utsname* result) {
    return checked_int(SYS_uname, result);
}
int sysinfo(struct sysinfo* result) {
    return checked_int(SYS_sysinfo, result);
}
clock_t times(struct tms* result) {
    return checked(SYS_times, result);
}
ssize_t getrandom(void* buffer, size_t size, unsigned int flags) {
    return checked(SYS_getrandom, buffer, size, flags);
}
int reboot(int command) {
    return checked_int(SYS_reboot, static_cast<int>(LINUX_REBOOT_MAGIC1), LINUX_REBOOT_MAGIC2, command);
}
int klogctl(int operation, char* buffer, int size) {
    return checked_int(SYS_syslog, operation, buffer, size);
}
int sethostname(const char* name, size_t size) {
    return checked_int(SYS_sethostname, name, size);
}

int prctl(int option, ...) {
    va_list list;
    va_start(list, option);
    auto a = va_arg(list, unsigned long), b = va_arg(list, unsigned long);
    auto c = va_arg(list, unsigned long), d = va_arg(list, unsigned long);
    va_end(list);
    return checked_int(SYS_prctl, option, a, b, c, d);
}

long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
    long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
    va_end(list);
    return checked(number, a, b, c, d, e, f);
}

} // extern "C"
