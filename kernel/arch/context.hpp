#pragma once
// Kernel threads of control: switching stacks, starting one, entering ring 3, and the state that is not
// in the trap frame (FPU, FS and GS base). Used by the scheduler with interrupts off.

#include "kernel/arch/trap_frame.hpp"

#include <cstdint>

namespace arch {

/// A thread that does not run: all it needs is on its own kernel stack.
struct context {
    uint64_t rsp = 0;
};

/// Saves this thread of control in from and continues to, which returns from its own call. The stack
/// canary changes with the stack. Interrupts are off, before and after.
extern "C" void switch_context(context& from, context& to);

/// Lets the first switch to it call entry(argument) on the stack ending at stack_top, with interrupts
/// off as after any switch. entry must not return.
void prepare_context(context& context, uint64_t stack_top, void (*entry)(void*), void* argument);

/// Leaves the kernel for ring 3 with these registers (IRETQ), through task::on_return_to_user if work is
/// pending. The frame is at the top of the current thread's kernel stack. Interrupts may be on or off.
[[noreturn]] void enter_user(trap_frame& frame);

/// Where the next entry from ring 3 on this CPU puts its frame. Interrupts off.
void set_kernel_stack(uint64_t stack_top);

/// User FS and GS base of the thread that runs. The addresses must be user addresses (see
/// is_user_address); arch_prctl checks. Interrupts off.
void set_fs_base(uint64_t address);
void set_user_gs_base(uint64_t address);

/// The FXSAVE image (Intel SDM 1, 10.5.1): x87, MMX, SSE. Switched eagerly with every thread.
struct alignas(16) fpu_state {
    uint8_t bytes[512];
};

/// What a program finds at its start: x87 control 0x37f, MXCSR 0x1f80, registers zero.
extern const fpu_state fpu_initial;

inline void fpu_save(fpu_state& state) {
    asm volatile("fxsave64 %0" : "=m"(state));
}
inline void fpu_restore(const fpu_state& state) {
    asm volatile("fxrstor64 %0" : : "m"(state));
}

/// Clears MXCSR bits that would make FXRSTOR fault, in an image that came from a user program.
void fpu_sanitise(fpu_state& state);

} // namespace arch
