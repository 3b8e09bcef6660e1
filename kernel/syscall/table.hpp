#pragma once
// The table of system calls: number -> name, handler, and what becomes of the call when a signal
// interrupts it. Handlers are declared in process.hpp, signal.hpp, memory.hpp, time.hpp, system.hpp,
// file.hpp and socket.hpp of this folder.

#include "kernel/syscall/arguments.hpp"
#include "kernel/task/restart.hpp"

namespace syscall {

struct table_entry {
    const char* name;     ///< "openat"; nullptr for numbers that Linux does not use either
    syscall::handler run; ///< nullptr: ENOSYS
    task::restart_rule restart;
};

inline constexpr unsigned table_size = 464; ///< Linux's numbers
inline constexpr unsigned socketcall_number = 1000;

/// The row of a number, or nullptr if no such number exists. Any context.
const table_entry* entry_of(uint64_t number);

} // namespace syscall
