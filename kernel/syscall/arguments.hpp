#pragma once
// How a system call gets its arguments, and the shape of a handler. A handler is a thin function
// `long sys_name(const arguments&)`: it copies user structures in once (mm/user_ptr.hpp), calls a
// function of the layer below and returns lib::as_syscall(outcome). Whether an EINTR means "start again"
// is not its business but a column of the table (table.hpp).

#include "kernel/arch/trap_frame.hpp"

#include <cstdint>

namespace syscall {

/// The six argument registers rdi rsi rdx r10 r8 r9, in this order, and the frame they came from.
struct arguments {
    uint64_t registers[6];
    arch::trap_frame& frame;

    uint64_t operator[](unsigned index) const { return registers[index]; }
    /// The argument as an int of the prototype, which is only the low half of a register.
    int as_int(unsigned index) const { return static_cast<int>(registers[index]); }
    uint32_t as_u32(unsigned index) const { return static_cast<uint32_t>(registers[index]); }
};

using handler = long (*)(const arguments&);

} // namespace syscall
