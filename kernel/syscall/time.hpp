#pragma once
// System calls about clocks and sleeping.

#include "kernel/syscall/arguments.hpp"

namespace syscall {

long sys_clock_gettime(const arguments& args);
long sys_clock_settime(const arguments& args);
long sys_clock_getres(const arguments& args);
long sys_clock_nanosleep(const arguments& args);
long sys_nanosleep(const arguments& args);
long sys_gettimeofday(const arguments& args);
long sys_settimeofday(const arguments& args);
long sys_time(const arguments& args);
long sys_restart_syscall(const arguments& args);

} // namespace syscall
