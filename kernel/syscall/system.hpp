#pragma once
// System calls about the machine as a whole.

#include "kernel/syscall/arguments.hpp"

namespace syscall {

long sys_uname(const arguments& args);
long sys_sethostname(const arguments& args);
long sys_setdomainname(const arguments& args);
long sys_sysinfo(const arguments& args);
long sys_syslog(const arguments& args);
long sys_getrandom(const arguments& args);
long sys_reboot(const arguments& args);
long sys_personality(const arguments& args);
long sys_unshare(const arguments& args);
long sys_iopl(const arguments& args);

} // namespace syscall
