#pragma once
// Interrupt vectors and who serves them; between traps.cpp, irq.cpp and the controllers.

#include <cstdint>

namespace arch {

constexpr unsigned first_irq_vector = 32; ///< 0..31 are exceptions.
constexpr unsigned line_count = 24;       ///< Lines of one I/O APIC; the PICs have the first 16.
/// Vector of line n is first_irq_vector + n.
constexpr unsigned timer_vector = 0xf0;
constexpr unsigned spurious_vector = 0xff;

/// Calls the handlers of a vector and tells the controller. Interrupts off.
void deliver_interrupt(unsigned vector);

/// What irq.cpp needs of a controller. Two exist: pic.cpp and apic.cpp.
struct irq_controller {
    const char* name;
    /// Connects a line to its vector, masked.
    void (*configure)(unsigned line, bool level);
    void (*mask)(unsigned line);
    void (*unmask)(unsigned line);
    /// The handlers are done. spurious() was asked before.
    void (*end_of_interrupt)(unsigned vector);
    /// True if the interrupt is none: the line fell before it was delivered.
    bool (*spurious)(unsigned vector);
};

extern const irq_controller pic_controller;
extern const irq_controller apic_controller;

/// Masks and remaps the PICs, in any case: their interrupts must not look like exceptions.
void setup_pic();
/// Finds the local and I/O APIC through ACPI and sets them up. False if there are none.
bool setup_apic(uint64_t rsdp_physical);
bool apic_in_use();

/// The APIC's one-shot timer.
void setup_apic_timer();
uint32_t read_apic_timer();
/// Counts down from ticks (at most 32 bits) and interrupts at 0; 0 stops it.
void start_apic_timer(uint32_t ticks);

} // namespace arch
