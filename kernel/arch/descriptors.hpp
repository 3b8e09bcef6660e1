#pragma once
// GDT, TSS and IDT of a CPU (Intel SDM 3A, chapters 3, 6, 7).

#include <cstdint>

namespace arch {

/// Stacks of the interrupts that may come at any instruction: index in the TSS, 1 to 7.
enum class interrupt_stack : uint8_t { none = 0, double_fault = 1, nmi = 2, machine_check = 3, debug = 4 };

/// Loads GDT and TSS of the boot CPU.
void setup_segments();

/// Fills the IDT with the stubs of trap_entry.asm and loads it.
void setup_interrupt_table();

/// Where interrupts from ring 3 put their frame, on this CPU.
void set_interrupt_stack(uint64_t stack_top);

} // namespace arch
