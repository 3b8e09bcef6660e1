// The local APIC of this CPU and the I/O APIC (Intel SDM 3A, chapter 10; Intel 82093AA data sheet).
// Line n goes to vector 32 + n at this CPU. ISA lines may be wired to other inputs of the I/O APIC; the
// MADT tells (acpi.cpp), so `line` is always the ISA number and inputs[] its place.

#include "kernel/arch/acpi.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/device_memory.hpp"
#include "kernel/arch/io.hpp"
#include "kernel/arch/irq_vectors.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/lib/log.hpp"

namespace arch {
namespace {

// Local APIC registers, SDM 3A, table 10-1.
constexpr uint32_t lapic_id = 0x20;
constexpr uint32_t lapic_task_priority = 0x80;
constexpr uint32_t lapic_end_of_interrupt = 0xb0;
constexpr uint32_t lapic_spurious = 0xf0;
constexpr uint32_t lapic_lvt_timer = 0x320;
constexpr uint32_t lapic_lvt_lint0 = 0x350;
constexpr uint32_t lapic_lvt_lint1 = 0x360;
constexpr uint32_t lapic_lvt_error = 0x370;
constexpr uint32_t lapic_initial_count = 0x380;
constexpr uint32_t lapic_current_count = 0x390;
constexpr uint32_t lapic_divide = 0x3e0;
constexpr uint32_t spurious_apic_enable = 1 << 8;
constexpr uint32_t lvt_masked = 1 << 16;
constexpr uint32_t lvt_delivery_nmi = 4 << 8;
constexpr uint32_t divide_by_16 = 3;

// I/O APIC, 82093AA 3.1 and 3.2.
constexpr uint32_t ioapic_select = 0x00;
constexpr uint32_t ioapic_window = 0x10;
constexpr uint32_t ioapic_redirection = 0x10; ///< Two registers a line.
constexpr uint32_t entry_active_low = 1 << 13;
constexpr uint32_t entry_level = 1 << 15;
constexpr uint32_t entry_masked = 1 << 16;

constexpr uint64_t apic_base_enable = 1 << 11;

volatile char* lapic = nullptr;
volatile char* ioapic = nullptr;
uint8_t inputs[line_count]; ///< Where each line enters the I/O APIC.
bool active_low_lines[line_count];
uint32_t low_words[line_count]; ///< What the redirection entries contain.

uint32_t read_lapic(uint32_t offset) {
    return mmio_read32(lapic + offset);
}
void write_lapic(uint32_t offset, uint32_t value) {
    mmio_write32(lapic + offset, value);
}

// Two accesses each: callers hold the lock of irq.cpp, or are alone at boot.
void write_ioapic(uint32_t index, uint32_t value) {
    mmio_write32(ioapic + ioapic_select, index);
    mmio_write32(ioapic + ioapic_window, value);
}

void write_low_word(unsigned line) {
    write_ioapic(ioapic_redirection + 2u * inputs[line], low_words[line]);
}

void configure_line(unsigned line, bool level) {
    low_words[line] = entry_masked | (first_irq_vector + line) | (level ? entry_level : 0) |
                      (active_low_lines[line] ? entry_active_low : 0);
    write_ioapic(ioapic_redirection + 2u * inputs[line] + 1, this_cpu().apic_id << 24);
    write_low_word(line);
}

void mask_line(unsigned line) {
    low_words[line] |= entry_masked;
    write_low_word(line);
}

void unmask_line(unsigned line) {
    low_words[line] &= ~entry_masked;
    write_low_word(line);
}

void end_of_interrupt(unsigned) {
    write_lapic(lapic_end_of_interrupt, 0);
}

/// Spurious interrupts of the local APIC have a vector of their own and want no EOI (10.9).
bool is_spurious(unsigned vector) {
    return vector == spurious_vector;
}

void setup_local_apic() {
    write_msr(msr::apic_base, read_msr(msr::apic_base) | apic_base_enable);
    this_cpu().apic_id = read_lapic(lapic_id) >> 24;
    write_lapic(lapic_task_priority, 0);
    write_lapic(lapic_lvt_timer, lvt_masked | timer_vector);
    write_lapic(lapic_lvt_lint0, lvt_masked);
    write_lapic(lapic_lvt_lint1, lvt_delivery_nmi);
    write_lapic(lapic_lvt_error, lvt_masked);
    write_lapic(lapic_spurious, spurious_apic_enable | spurious_vector);
    write_lapic(lapic_end_of_interrupt, 0);
}

void setup_io_apic(const interrupt_topology& topology) {
    for (unsigned line = 0; line < line_count; ++line) {
        inputs[line] = line < 16 ? topology.isa[line].line : static_cast<uint8_t>(line);
        active_low_lines[line] = line < 16 ? topology.isa[line].active_low : true;
        write_ioapic(ioapic_redirection + 2 * line, entry_masked);
    }
}

} // namespace

const irq_controller apic_controller = {
    .name = "APIC",
    .configure = configure_line,
    .mask = mask_line,
    .unmask = unmask_line,
    .end_of_interrupt = end_of_interrupt,
    .spurious = is_spurious,
};

bool setup_apic(uint64_t rsdp_physical) {
    interrupt_topology topology;
    if (!features().apic || !read_interrupt_topology(rsdp_physical, topology)) {
        return false;
    }
    auto* const local = static_cast<volatile char*>(map_registers(topology.local_apic_physical, 4096));
    auto* const io = static_cast<volatile char*>(map_registers(topology.io_apic_physical, 4096));
    if (local == nullptr || io == nullptr) {
        return false;
    }
    lapic = local;
    ioapic = io;
    setup_local_apic();
    setup_io_apic(topology);
    return true;
}

bool apic_in_use() {
    return lapic != nullptr;
}

void setup_apic_timer() {
    write_lapic(lapic_divide, divide_by_16);
    write_lapic(lapic_lvt_timer, timer_vector); // one-shot
}

uint32_t read_apic_timer() {
    return read_lapic(lapic_current_count);
}

void start_apic_timer(uint32_t ticks) {
    write_lapic(lapic_initial_count, ticks);
}

} // namespace arch
