#pragma once
// What the entry code calls. The processor's part (which vector, which registers) is in arch; the
// meaning is in the hooks below, implemented by mm, task and syscall.

#include "kernel/arch/trap_frame.hpp"

#include <cstdint>

namespace arch {

enum class fault_kind : uint8_t {
    page_not_mapped,  ///< No area there: SIGSEGV, SEGV_MAPERR.
    page_protected,   ///< The area forbids the access: SIGSEGV, SEGV_ACCERR.
    page_beyond_file, ///< Mapped past the end of the file: SIGBUS.
    out_of_memory,    ///< No frame for the page: SIGKILL.
    protection,       ///< #GP, #SS, #NP, #TS and INT n of a private vector: SIGSEGV, SI_KERNEL.
    invalid_opcode,   ///< SIGILL.
    divide,           ///< SIGFPE, FPE_INTDIV.
    floating_point,   ///< #MF, #XM: SIGFPE.
    alignment,        ///< SIGBUS.
    breakpoint,       ///< INT3: SIGTRAP.
    single_step,      ///< #DB: SIGTRAP.
    overflow,         ///< #OF, #BR: SIGSEGV.
};

struct fault_info {
    fault_kind kind;
    uint64_t address; ///< Of the access for page faults, else of the instruction.
};

/// How memory was touched when a page fault came.
enum class page_access : uint8_t { read, write, execute };

/// Sets up GDT, TSS, IDT and the system call registers of this CPU. Interrupts stay off.
void setup_traps();

} // namespace arch

namespace mm {

enum class fault_outcome : uint8_t { handled, not_mapped, protected_, beyond_file, out_of_memory };

/// Brings in the page of the current address space, or says why not. Called for user addresses with
/// interrupts as they were at the fault; may sleep when they were on. Never called holding a spin lock.
fault_outcome handle_page_fault(uint64_t address, arch::page_access access);

/// True if the address is in the guard page of a kernel stack.
bool is_stack_guard(uint64_t address);

} // namespace mm

namespace task {

/// Name of the thread that runs on this CPU, for a panic: no lock, no allocation. Any context.
const char* current_name();

/// A program did something it may not: turn it into a signal. Interrupts on, may sleep. Delivery happens
/// in on_return_to_user.
void handle_user_fault(arch::trap_frame& frame, const arch::fault_info& fault);

/// Called before every return to ring 3 while bits of arch::user_work are set on this CPU. Interrupts
/// on, may sleep, may rewrite the frame. Clears the bits it has served.
void on_return_to_user(arch::trap_frame& frame);

/// Called when an interrupt returns to kernel code with preempt_count 0 and user_work::reschedule set:
/// the place to switch threads. Interrupts off, before and after.
void preempt_kernel();

/// The one-shot timer expired (see arch::arm_timer). In irq context.
void timer_interrupt();

} // namespace task

namespace syscall {

/// One system call: number in frame.rax, arguments in rdi rsi rdx r10 r8 r9, result to frame.rax.
/// Interrupts on, may sleep.
void dispatch(arch::trap_frame& frame);

} // namespace syscall
