// What trap_entry.asm calls for every exception and interrupt: sorts vectors into interrupts, page faults
// and the rest, and decides between the program's fault (a signal, task::handle_user_fault), a user copy
// that ran into a hole (the exception table says where it goes on) and a fault of the kernel (panic).
//
// A page fault in the kernel is legal only at an instruction that the exception table lists and for a user
// address; so a stray user pointer panics even on a processor without SMAP.

#include "kernel/arch/trap.hpp"

#include "kernel/arch/context.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/descriptors.hpp"
#include "kernel/arch/irq_vectors.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/sanitizer/kasan.hpp"

namespace arch {
namespace {

enum vector : uint64_t {
    divide_error = 0,
    debug = 1,
    nmi = 2,
    breakpoint = 3,
    overflow = 4,
    bound_range = 5,
    invalid_opcode = 6,
    device_not_available = 7,
    double_fault = 8,
    stack_segment = 12,
    general_protection = 13,
    page_fault = 14,
    x87_error = 16,
    alignment_check = 17,
    machine_check = 18,
    simd_error = 19,
};

const char* const exception_names[32] = {
    "divide error",
    "debug",
    "non-maskable interrupt",
    "breakpoint",
    "overflow",
    "bound range",
    "invalid opcode",
    "device not available",
    "double fault",
    "coprocessor",
    "invalid TSS",
    "segment not present",
    "stack segment",
    "protection",
    "page fault",
    "reserved 15",
    "x87 error",
    "alignment",
    "machine check",
    "SIMD error",
    "virtualisation",
    "control flow",
    "reserved 22",
    "reserved 23",
    "reserved 24",
    "reserved 25",
    "reserved 26",
    "reserved 27",
    "hypervisor",
    "VMM",
    "security",
    "reserved 31",
};

// Page fault error code, Intel SDM 3A, 4.7.
constexpr uint64_t fault_was_present = 1 << 0;
constexpr uint64_t fault_was_write = 1 << 1;
constexpr uint64_t fault_was_user = 1 << 2;
constexpr uint64_t fault_was_fetch = 1 << 4;

// SFMASK: SYSCALL clears AC, NT, IOPL, DF, IF, TF.
constexpr uint64_t syscall_flag_mask = 0x47700;

struct exception_entry {
    uint64_t fault_rip;
    uint64_t fixup_rip;
};
extern "C" const exception_entry exception_table_start[], exception_table_end[];
extern "C" void syscall_entry();

const exception_entry* find_fixup(uint64_t rip) {
    for (const exception_entry* entry = exception_table_start; entry != exception_table_end; ++entry) {
        if (entry->fault_rip == rip) {
            return entry;
        }
    }
    return nullptr;
}

fault_kind kind_of(mm::fault_outcome outcome) {
    switch (outcome) {
    case mm::fault_outcome::protected_:
        return fault_kind::page_protected;
    case mm::fault_outcome::beyond_file:
        return fault_kind::page_beyond_file;
    case mm::fault_outcome::out_of_memory:
        return fault_kind::out_of_memory;
    default:
        return fault_kind::page_not_mapped;
    }
}

fault_kind kind_of_exception(uint64_t vector) {
    switch (vector) {
    case divide_error:
        return fault_kind::divide;
    case debug:
        return fault_kind::single_step;
    case breakpoint:
        return fault_kind::breakpoint;
    case overflow:
    case bound_range:
        return fault_kind::overflow;
    case invalid_opcode:
    case device_not_available:
        return fault_kind::invalid_opcode;
    case x87_error:
    case simd_error:
        return fault_kind::floating_point;
    case alignment_check:
        return fault_kind::alignment;
    default:
        return fault_kind::protection;
    }
}

page_access access_of(uint64_t error_code) {
    if ((error_code & fault_was_fetch) != 0) {
        return page_access::execute;
    }
    return (error_code & fault_was_write) != 0 ? page_access::write : page_access::read;
}

void user_page_fault(trap_frame& frame, uint64_t address) {
    enable_interrupts();
    mm::fault_outcome outcome = mm::fault_outcome::not_mapped;
    if ((frame.error_code & (fault_was_present | fault_was_user)) == fault_was_present) {
        // The processor's own access for the program ran into SMAP: emulators read IRETQ's frame so. There
        // is nothing to bring in, and returning would fault for ever.
        outcome = mm::fault_outcome::protected_;
    } else if (address < 0x800000000000) {
        outcome = mm::handle_page_fault(address, access_of(frame.error_code));
    }
    if (outcome != mm::fault_outcome::handled) {
        task::handle_user_fault(frame, {.kind = kind_of(outcome), .address = address});
    }
}

void kernel_page_fault(trap_frame& frame, uint64_t address) {
    const exception_entry* const fixup = find_fixup(frame.rip);
    if (fixup == nullptr || address >= 0x800000000000) {
        panic_with_frame(frame, "page fault at %#lx (error %#lx)", address, frame.error_code);
    }
    // A user copy under a spin lock or in an interrupt would sleep there.
    ASSERT(may_sleep());
    if ((frame.rflags & rflags::interrupt) != 0) {
        enable_interrupts();
    }
    if (mm::handle_page_fault(address, access_of(frame.error_code)) != mm::fault_outcome::handled) {
        frame.rip = fixup->fixup_rip;
    }
    disable_interrupts();
}

void handle_page_fault(trap_frame& frame) {
    const uint64_t address = read_cr2(); // before anything else can fault
    if (frame.from_user()) {
        user_page_fault(frame, address);
    } else {
        kernel_page_fault(frame, address);
    }
}

/// A single step that a program armed may strike in the kernel's first instruction (MOV SS delays it
/// over a SYSCALL): it ends there.
void drop_kernel_debug_trap(trap_frame& frame) {
    frame.rflags &= ~rflags::trap;
    asm volatile("movq %0, %%dr6" : : "r"(uint64_t{0xffff0ff0}));
}

void handle_exception(trap_frame& frame) {
    if (frame.vector == nmi) {
        ++this_cpu().nmi_count;
        return;
    }
    if (frame.vector == debug && !frame.from_user()) {
        drop_kernel_debug_trap(frame);
        return;
    }
    if (frame.vector == double_fault && mm::is_stack_guard(read_cr2())) {
        panic_with_frame(frame, "kernel stack exhausted");
    }
    if (frame.vector == double_fault || frame.vector == machine_check || !frame.from_user()) {
        // The shadow of an address of user space would be at an address that no processor has.
        const bool shadowless = kasan::enabled && frame.vector == general_protection;
        panic_with_frame(frame, "%s (error %#lx)%s", exception_names[frame.vector], frame.error_code,
                         shadowless ? ", KASAN: perhaps a null or wild pointer" : "");
    }
    enable_interrupts();
    task::handle_user_fault(frame, {.kind = kind_of_exception(frame.vector), .address = frame.rip});
}

void handle_interrupt(trap_frame& frame) {
    percpu& cpu = this_cpu();
    ++cpu.irq_depth;
    deliver_interrupt(static_cast<unsigned>(frame.vector));
    --cpu.irq_depth;
    if (!frame.from_user() && cpu.irq_depth == 0 && cpu.preempt_count == 0 &&
        (cpu.user_work & user_work::reschedule) != 0) {
        task::preempt_kernel();
    }
}

} // namespace

void setup_traps() {
    setup_segments();
    setup_interrupt_table();
    // SYSCALL loads CS 0x08 and SS 0x10; SYSRET loads CS 0x18 + 16 and SS 0x18 + 8, with RPL 3.
    write_msr(msr::star, uint64_t{0x18 | 3} << 48 | kernel_code << 32);
    write_msr(msr::lstar, reinterpret_cast<uint64_t>(syscall_entry));
    write_msr(msr::cstar, 0);
    write_msr(msr::sfmask, syscall_flag_mask);
    write_msr(msr::kernel_gs_base, 0);
}

bool sanitise_user_frame(trap_frame& frame) {
    constexpr uint64_t user_space_end = 0x7ffffffff000;
    frame.cs = user_code;
    frame.ss = user_data;
    frame.rflags = (frame.rflags & rflags::user_settable) | rflags::interrupt | rflags::always_one;
    return frame.rip < user_space_end;
}

} // namespace arch

extern "C" void trap_handler(arch::trap_frame* frame) {
    if (frame->vector >= arch::first_irq_vector) {
        arch::handle_interrupt(*frame);
    } else if (frame->vector == arch::page_fault) {
        arch::handle_page_fault(*frame);
    } else {
        arch::handle_exception(*frame);
    }
}
