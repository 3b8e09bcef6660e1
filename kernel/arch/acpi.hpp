#pragma once
// The few facts that this kernel takes from ACPI (ACPI specification 6.4).

#include <cstdint>

namespace arch {

/// From the MADT, 5.2.12.
struct interrupt_topology {
    uint64_t local_apic_physical;
    uint64_t io_apic_physical; ///< The one whose first line is 0.
    /// The I/O APIC's line for each ISA line, and how it signals (5.2.12.5).
    struct {
        uint8_t line;
        bool level;
        bool active_low;
    } isa[16];
    unsigned cpu_count;
};

/// Reads the MADT. rsdp_physical 0 means: look in the BIOS area (5.2.5.1). False if there is no table.
bool read_interrupt_topology(uint64_t rsdp_physical, interrupt_topology& topology);

} // namespace arch
