#pragma once
// execve(2) and the start of the first program.

#include "kernel/lib/result.hpp"
#include "kernel/syscall/arguments.hpp"

namespace syscall {

/// Starts process 1, which executes this program with /dev/console as its standard files. Once, from
/// kernel_main, when the root file system is filled. A program that cannot be executed is a panic. ENOMEM.
lib::result<void> start_init(const char* path);

long sys_execve(const arguments& args);

} // namespace syscall
