// The two 8259A interrupt controllers of the PC (Intel 8259A data sheet; ICW and OCW are its command
// words). They are remapped in any case, because their power-on vectors are those of exceptions, and used
// when there is no APIC. The PIT on line 0 is the timer then.

#include "kernel/arch/io.hpp"
#include "kernel/arch/irq_vectors.hpp"

namespace arch {
namespace {

constexpr uint16_t master_command = 0x20, master_data = 0x21;
constexpr uint16_t slave_command = 0xa0, slave_data = 0xa1;
constexpr uint16_t edge_level_master = 0x4d0; ///< ELCR of the PCI-ISA bridge, one bit a line.

constexpr uint8_t icw1_initialise = 0x11; ///< Edge, cascaded, ICW4 follows.
constexpr uint8_t icw4_8086 = 0x01;
constexpr uint8_t ocw2_end_of_interrupt = 0x20;
constexpr uint8_t ocw3_read_in_service = 0x0b;
constexpr unsigned cascade_line = 2;

uint16_t masked = 0xffff; ///< One bit a line, as written to the data ports.

void write_masks() {
    outb(master_data, static_cast<uint8_t>(masked));
    outb(slave_data, static_cast<uint8_t>(masked >> 8));
}

void mask_line(unsigned line) {
    masked |= static_cast<uint16_t>(1u << line);
    write_masks();
}

void unmask_line(unsigned line) {
    masked &= static_cast<uint16_t>(~(1u << line | 1u << cascade_line));
    write_masks();
}

void configure_line(unsigned line, bool level) {
    const auto port = static_cast<uint16_t>(edge_level_master + line / 8);
    const auto bit = static_cast<uint8_t>(1u << line % 8);
    outb(port, static_cast<uint8_t>(level ? inb(port) | bit : inb(port) & ~bit));
}

void end_of_interrupt(unsigned vector) {
    if (vector >= first_irq_vector + 8) {
        outb(slave_command, ocw2_end_of_interrupt);
    }
    outb(master_command, ocw2_end_of_interrupt);
}

/// A line that fell too early is delivered as line 7 or 15 without its in-service bit.
bool is_spurious(unsigned vector) {
    const unsigned line = vector - first_irq_vector;
    if (line != 7 && line != 15) {
        return false;
    }
    const uint16_t port = line == 7 ? master_command : slave_command;
    outb(port, ocw3_read_in_service);
    if ((inb(port) & 0x80) != 0) {
        return false;
    }
    if (line == 15) { // the master did deliver its cascade line
        outb(master_command, ocw2_end_of_interrupt);
    }
    return true;
}

} // namespace

const irq_controller pic_controller = {
    .name = "8259 PIC",
    .configure = configure_line,
    .mask = mask_line,
    .unmask = unmask_line,
    .end_of_interrupt = end_of_interrupt,
    .spurious = is_spurious,
};

void setup_pic() {
    outb(master_command, icw1_initialise);
    outb(slave_command, icw1_initialise);
    outb(master_data, first_irq_vector); // ICW2: first vector
    outb(slave_data, first_irq_vector + 8);
    outb(master_data, 1 << cascade_line); // ICW3: where the slave hangs
    outb(slave_data, cascade_line);
    outb(master_data, icw4_8086);
    outb(slave_data, icw4_8086);
    write_masks();
}

} // namespace arch
