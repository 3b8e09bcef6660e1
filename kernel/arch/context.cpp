// New threads of control, and what a switch changes besides registers: the stack of the next entry from
// ring 3 (TSS.RSP0 for interrupts, percpu for SYSCALL) and the segment bases.

#include "kernel/arch/context.hpp"

#include "kernel/arch/cpu.hpp"
#include "kernel/arch/descriptors.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/stack_canary.hpp"

#include "kernel/lib/string.hpp"
#include <cstddef>

extern "C" {
void thread_start();
[[noreturn]] void enter_user_frame(arch::trap_frame* frame);
}

namespace arch {
namespace {

/// What switch_context pops, lowest address first.
struct switch_frame {
    uint64_t canary;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t return_address;
};

constexpr uint32_t mxcsr_default = 0x1f80;
constexpr uint32_t mxcsr_settable = 0xffff; ///< Other bits make FXRSTOR fault (Intel SDM 1, 11.6.6).
constexpr size_t mxcsr_offset = 24;         ///< In the FXSAVE image.

constexpr fpu_state make_initial_fpu_state() {
    fpu_state state{};
    state.bytes[0] = 0x7f; // x87 control word 0x37f: all exceptions masked, 64-bit precision
    state.bytes[1] = 0x03;
    state.bytes[mxcsr_offset] = mxcsr_default & 0xff;
    state.bytes[mxcsr_offset + 1] = mxcsr_default >> 8;
    return state;
}

} // namespace

constinit const fpu_state fpu_initial = make_initial_fpu_state();

void prepare_context(context& context, uint64_t stack_top, void (*entry)(void*), void* argument) {
    // The top of the stack is kept for the frame of ring 3.
    auto* frame = reinterpret_cast<switch_frame*>(stack_top - sizeof(trap_frame)) - 1;
    *frame = {};
    frame->canary = new_stack_canary();
    frame->r12 = reinterpret_cast<uint64_t>(entry);
    frame->r13 = reinterpret_cast<uint64_t>(argument);
    frame->return_address = reinterpret_cast<uint64_t>(thread_start);
    context.rsp = reinterpret_cast<uint64_t>(frame);
}

void enter_user(trap_frame& frame) {
    enter_user_frame(&frame);
}

void set_kernel_stack(uint64_t stack_top) {
    this_cpu().kernel_stack_top = stack_top;
    set_interrupt_stack(stack_top);
}

void set_fs_base(uint64_t address) {
    write_msr(msr::fs_base, address);
}

// While the kernel runs, the program's GS base waits in the other register of the SWAPGS pair.
void set_user_gs_base(uint64_t address) {
    write_msr(msr::kernel_gs_base, address);
}

void fpu_sanitise(fpu_state& state) {
    uint32_t mxcsr;
    memcpy(&mxcsr, state.bytes + mxcsr_offset, sizeof mxcsr);
    mxcsr &= mxcsr_settable;
    memcpy(state.bytes + mxcsr_offset, &mxcsr, sizeof mxcsr);
}

} // namespace arch
