// The tables that the processor reads. GDT and IDT are in .ro_after_init: mm::protect_after_init takes
// away their writability, so the accessed bits are set here, not by the processor, and LTR, which marks
// the TSS busy, comes before.

#include "kernel/arch/descriptors.hpp"

#include "kernel/arch/percpu.hpp"
#include "kernel/arch/trap_frame.hpp"

#include <cstddef>
#include <initializer_list>

extern "C" {
extern char trap_stubs[];
extern char boot_thread_stack_top[];
}

namespace arch {
namespace {

constexpr size_t stub_bytes = 16;
constexpr size_t interrupt_stack_bytes = 8192;

struct [[gnu::packed]] task_state_segment {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_offset; ///< Beyond the limit: no port is open to ring 3.
};
static_assert(sizeof(task_state_segment) == 104);

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t stack;
    uint8_t attributes;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};
static_assert(sizeof(gate) == 16);

struct [[gnu::packed]] table_pointer {
    uint16_t limit;
    uint64_t base;
};

constexpr uint8_t gate_interrupt = 0x8e;      ///< Present, interrupts off, ring 0 only.
constexpr uint8_t gate_interrupt_user = 0xee; ///< Ring 3 may name it in INT n.
constexpr uint64_t tss_selector = 0x30;

// Code and data segments with the accessed bit set; base and limit mean nothing in 64-bit mode.
[[gnu::section(".ro_after_init")]] uint64_t gdt[8] = {
    0,
    0x00209b0000000000, // 0x08 kernel code
    0x0000930000000000, // 0x10 kernel data
    0,                  // 0x18 would be 32-bit user code: there is none
    0x0000f30000000000, // 0x20 user data
    0x0020fb0000000000, // 0x28 user code
    0,                  // 0x30 TSS, two entries
    0,
};
[[gnu::section(".ro_after_init")]] gate idt[256];

constinit task_state_segment tss{};
alignas(16) uint8_t interrupt_stacks[4][interrupt_stack_bytes];

void set_tss_descriptor() {
    const auto base = reinterpret_cast<uint64_t>(&tss);
    gdt[6] = (sizeof tss - 1) | (base & 0xffffff) << 16 | uint64_t{0x89} << 40 | (base >> 24 & 0xff) << 56;
    gdt[7] = base >> 32;
}

uint64_t stack_of(interrupt_stack which) {
    return reinterpret_cast<uint64_t>(interrupt_stacks[static_cast<size_t>(which) - 1]) +
           interrupt_stack_bytes;
}

void set_gate(unsigned vector, uint8_t attributes, interrupt_stack stack) {
    const auto offset = reinterpret_cast<uint64_t>(trap_stubs) + vector * stub_bytes;
    idt[vector] = {
        .offset_low = static_cast<uint16_t>(offset),
        .selector = kernel_code,
        .stack = static_cast<uint8_t>(stack),
        .attributes = attributes,
        .offset_middle = static_cast<uint16_t>(offset >> 16),
        .offset_high = static_cast<uint32_t>(offset >> 32),
        .reserved = 0,
    };
}

} // namespace

void setup_segments() {
    for (auto which : {interrupt_stack::double_fault, interrupt_stack::nmi, interrupt_stack::machine_check,
                       interrupt_stack::debug}) {
        tss.ist[static_cast<size_t>(which) - 1] = stack_of(which);
    }
    tss.rsp[0] = reinterpret_cast<uint64_t>(boot_thread_stack_top);
    tss.io_map_offset = sizeof tss;
    set_tss_descriptor();
    const table_pointer pointer{.limit = sizeof gdt - 1, .base = reinterpret_cast<uint64_t>(gdt)};
    // A far return loads CS; the data segments are null in the kernel but for SS, which IRETQ compares.
    asm volatile("lgdt %0\n\t"
                 "pushq %1\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "movl %2, %%ss\n\t"
                 "ltr %w3"
                 :
                 : "m"(pointer), "i"(kernel_code), "r"(static_cast<uint32_t>(kernel_data)), "r"(tss_selector)
                 : "rax", "memory");
}

void setup_interrupt_table() {
    for (unsigned vector = 0; vector < 256; ++vector) {
        set_gate(vector, gate_interrupt, interrupt_stack::none);
    }
    set_gate(1, gate_interrupt, interrupt_stack::debug);
    set_gate(2, gate_interrupt, interrupt_stack::nmi);
    set_gate(3, gate_interrupt_user, interrupt_stack::none); // INT3 is for debuggers in ring 3
    set_gate(8, gate_interrupt, interrupt_stack::double_fault);
    set_gate(18, gate_interrupt, interrupt_stack::machine_check);
    const table_pointer pointer{.limit = sizeof idt - 1, .base = reinterpret_cast<uint64_t>(idt)};
    asm volatile("lidt %0" : : "m"(pointer));
}

void set_interrupt_stack(uint64_t stack_top) {
    tss.rsp[0] = stack_top;
}

} // namespace arch
