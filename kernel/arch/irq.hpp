#pragma once
// Interrupt lines. ISA lines 0..15 have their traditional numbers whichever controller serves them; a
// PCI function's line is the number in its configuration space (register 0x3c), also 0..15. Behind it
// is the I/O APIC when ACPI describes one, else the two 8259 PICs.

#include "kernel/lib/result.hpp"

#include <cstdint>

namespace arch {

enum class irq_trigger : uint8_t {
    edge,  ///< ISA devices.
    level, ///< PCI devices; such a line may be shared.
};

using irq_handler = void (*)(void* context);

/// Finds the interrupt controllers, masks all lines. Once, after the memory is up; rsdp_physical is 0
/// when the loader gave none.
void setup_interrupt_controllers(uint64_t rsdp_physical);

/// Calls handler(context) in irq context (interrupts off, no sleeping) for each interrupt of the line and
/// unmasks it. Up to four handlers share a level line. Errors: EINVAL no such line, EBUSY line taken.
lib::result<void> request_irq(unsigned line, irq_trigger trigger, irq_handler handler, void* context);

/// For /proc/interrupts: how many lines there are, whether one has a handler, how it signals, and how many
/// interrupts came on it since boot. Any context; line < irq_line_count().
unsigned irq_line_count();
bool irq_in_use(unsigned line);
bool irq_is_level(unsigned line);
uint64_t irq_count(unsigned line);
const char* irq_controller_name();

} // namespace arch
