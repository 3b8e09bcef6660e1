#pragma once
// Registers of interrupted code, in the order in which trap_entry.asm pushes them. One layout for
// exceptions, interrupts and system calls. Coming from ring 3 it stands at the very top of the thread's
// kernel stack, so user_frame(stack_top) finds it.

#include <cstdint>

namespace arch {

struct trap_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx;
    uint64_t r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector;     ///< 0..255, or vector_syscall.
    uint64_t error_code; ///< Of the exception; for a system call its number as the program gave it.
    uint64_t rip, cs, rflags, rsp, ss;

    bool from_user() const { return (cs & 3) == 3; }
};

static_assert(sizeof(trap_frame) == 22 * 8);

constexpr uint64_t vector_syscall = 256;

/// Selectors; the order of the last three is what SYSCALL and SYSRET demand (Intel SDM 3A 5.8.8).
constexpr uint64_t kernel_code = 0x08;
constexpr uint64_t kernel_data = 0x10;
constexpr uint64_t user_data = 0x20 | 3;
constexpr uint64_t user_code = 0x28 | 3;

/// The frame of the last entry from ring 3 on a kernel stack.
inline trap_frame& user_frame(uint64_t kernel_stack_top) {
    return *reinterpret_cast<trap_frame*>(kernel_stack_top - sizeof(trap_frame));
}

/// Makes a frame that a user program influenced (a signal frame) safe to return with: user selectors,
/// only flags a program may set, interrupts on. False if rip or rsp lies outside user space.
bool sanitise_user_frame(trap_frame& frame);

} // namespace arch
