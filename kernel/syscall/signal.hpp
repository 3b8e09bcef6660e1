#pragma once
// System calls about signals.

#include "kernel/syscall/arguments.hpp"

namespace syscall {

long sys_kill(const arguments& args);
long sys_tkill(const arguments& args);
long sys_tgkill(const arguments& args);
long sys_rt_sigqueueinfo(const arguments& args);
long sys_rt_tgsigqueueinfo(const arguments& args);
long sys_rt_sigaction(const arguments& args);
long sys_rt_sigprocmask(const arguments& args);
long sys_rt_sigreturn(const arguments& args);
long sys_rt_sigpending(const arguments& args);
long sys_rt_sigsuspend(const arguments& args);
long sys_rt_sigtimedwait(const arguments& args);
long sys_sigaltstack(const arguments& args);
long sys_pause(const arguments& args);
long sys_alarm(const arguments& args);
long sys_setitimer(const arguments& args);
long sys_getitimer(const arguments& args);

} // namespace syscall
