#pragma once
// System calls about the memory of the calling process.

#include "kernel/syscall/arguments.hpp"

namespace syscall {

long sys_mmap(const arguments& args);
long sys_munmap(const arguments& args);
long sys_mprotect(const arguments& args);
long sys_mremap(const arguments& args);
long sys_madvise(const arguments& args);
long sys_msync(const arguments& args);
long sys_mincore(const arguments& args);
long sys_brk(const arguments& args);
long sys_mlock(const arguments& args);
long sys_munlock(const arguments& args);
long sys_mlockall(const arguments& args);
long sys_munlockall(const arguments& args);

} // namespace syscall
