#pragma once
// The table of system calls: number -> name, handler, and what becomes of the call when a signal
// interrupts it. Handlers are declared in process.hpp, signal.hpp, memory.hpp, time.hpp, system.hpp,
// execve.hpp, file.hpp and socket.hpp of this folder.

#include "kernel/syscall/arguments.hpp"
#include "kernel/task/restart.hpp"

namespace syscall {

struct table_entry {
    const char* name = nullptr;     ///< "openat"; nullptr for numbers that Linux does not use either
    syscall::handler run = nullptr; ///< nullptr: ENOSYS
    task::restart_rule restart = task::restart_rule::none;
};

inline constexpr unsigned table_size = 464; ///< Linux's numbers

/// The row of a number, or nullptr if no such number exists. Any context.
const table_entry* entry_of(uint64_t number);

} // namespace syscall
