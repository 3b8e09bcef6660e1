#pragma once
// System calls about processes, threads, groups, users, limits and scheduling.

#include "kernel/syscall/arguments.hpp"

namespace syscall {

// process.cpp
long sys_fork(const arguments& args);
long sys_vfork(const arguments& args);
long sys_clone(const arguments& args);
long sys_clone3(const arguments& args);
long sys_exit(const arguments& args);
long sys_exit_group(const arguments& args);
long sys_wait4(const arguments& args);
long sys_waitid(const arguments& args);
long sys_getpid(const arguments& args);
long sys_getppid(const arguments& args);
long sys_gettid(const arguments& args);
long sys_setpgid(const arguments& args);
long sys_getpgid(const arguments& args);
long sys_getpgrp(const arguments& args);
long sys_setsid(const arguments& args);
long sys_getsid(const arguments& args);

// thread.cpp
long sys_set_tid_address(const arguments& args);
long sys_set_robust_list(const arguments& args);
long sys_get_robust_list(const arguments& args);
long sys_rseq(const arguments& args);
long sys_futex(const arguments& args);
long sys_arch_prctl(const arguments& args);
long sys_prctl(const arguments& args);
long sys_sched_yield(const arguments& args);
long sys_sched_getaffinity(const arguments& args);
long sys_sched_setaffinity(const arguments& args);
long sys_sched_getparam(const arguments& args);
long sys_sched_setparam(const arguments& args);
long sys_sched_getscheduler(const arguments& args);
long sys_sched_setscheduler(const arguments& args);
long sys_sched_get_priority_max(const arguments& args);
long sys_sched_get_priority_min(const arguments& args);
long sys_sched_rr_get_interval(const arguments& args);
long sys_getpriority(const arguments& args);
long sys_setpriority(const arguments& args);
long sys_getcpu(const arguments& args);
long sys_membarrier(const arguments& args);

// identity.cpp
long sys_getuid(const arguments& args);
long sys_geteuid(const arguments& args);
long sys_getgid(const arguments& args);
long sys_getegid(const arguments& args);
long sys_getresuid(const arguments& args);
long sys_getresgid(const arguments& args);
long sys_setuid(const arguments& args);
long sys_setgid(const arguments& args);
long sys_setreuid(const arguments& args);
long sys_setregid(const arguments& args);
long sys_setresuid(const arguments& args);
long sys_setresgid(const arguments& args);
long sys_setfsuid(const arguments& args);
long sys_setfsgid(const arguments& args);
long sys_getgroups(const arguments& args);
long sys_setgroups(const arguments& args);
long sys_capget(const arguments& args);
long sys_capset(const arguments& args);

// usage.cpp
long sys_getrusage(const arguments& args);
long sys_times(const arguments& args);
long sys_getrlimit(const arguments& args);
long sys_setrlimit(const arguments& args);
long sys_prlimit64(const arguments& args);

} // namespace syscall
