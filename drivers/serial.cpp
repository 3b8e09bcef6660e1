// The 16550. Bytes go out in bursts of 16 when the transmitter's FIFO is empty; waiting for it is bounded,
// so a port without a reader cannot stop the kernel. Who asks for room instead waits for an interrupt, which
// is enabled for that one time. Whether there is a port at all shows in the scratch register.

#include "drivers/serial.hpp"

#include "kernel/abi/errno.h"
#include "kernel/arch/io.hpp"
#include "kernel/arch/irq.hpp"

namespace drv {
namespace {

// Data sheet, table II: offsets of the registers.
constexpr uint16_t data = 0;
constexpr uint16_t interrupt_enable = 1;
constexpr uint16_t interrupt_identification = 2;
constexpr uint16_t fifo_control = 2;
constexpr uint16_t line_control = 3;
constexpr uint16_t modem_control = 4;
constexpr uint16_t line_status = 5;
constexpr uint16_t scratch = 7;

constexpr uint8_t enable_received = 0x01;
constexpr uint8_t enable_transmitter_empty = 0x02;
/// Interrupts at 14 bytes, or when fewer have waited for four bytes' time: at every byte an emulator, and
/// QEMU above all, would hand them over one by one.
constexpr uint8_t fifo_on_cleared = 0xc7;
constexpr uint8_t eight_bits_no_parity = 0x03;
constexpr uint8_t divisor_access = 0x80;
constexpr uint8_t dtr_rts_out2 = 0x0b; ///< OUT2 lets the interrupt through to the controller.
constexpr uint8_t data_ready = 0x01;
constexpr uint8_t transmitter_empty = 0x20;
constexpr uint8_t nothing_pending = 0x01;

constexpr unsigned fifo_bytes = 16;
constexpr unsigned longest_wait_reads = 100'000; ///< Far more than 16 bytes take at 115200 baud.
constexpr unsigned most_rounds = 64;             ///< In one interrupt, should the port not calm down.

constinit serial_port ports[serial_port_count] = {{0x3f8, 4}, {0x2f8, 3}};

} // namespace

serial_port& serial_port_number(unsigned index) {
    return ports[index];
}

uint8_t serial_port::read_register(uint16_t offset) const {
    return arch::inb(static_cast<uint16_t>(base_ + offset));
}

void serial_port::write_register(uint16_t offset, uint8_t value) const {
    arch::outb(static_cast<uint16_t>(base_ + offset), value);
}

void serial_port::setup() {
    write_register(scratch, 0x5a);
    present_ = read_register(scratch) == 0x5a;
    if (!present_) {
        return;
    }
    write_register(interrupt_enable, 0);
    write_register(line_control, divisor_access);
    write_register(data, 1); // divisor 1: 115200 baud
    write_register(interrupt_enable, 0);
    write_register(line_control, eight_bits_no_parity);
    write_register(fifo_control, fifo_on_cleared);
    write_register(modem_control, dtr_rts_out2);
}

bool serial_port::transmitter_is_empty() const {
    return (read_register(line_status) & transmitter_empty) != 0;
}

void serial_port::enable_interrupts(uint8_t which) {
    enabled_ = which;
    write_register(interrupt_enable, which);
}

void serial_port::write_byte(char byte) {
    for (unsigned reads = 0; room_ == 0 && reads < longest_wait_reads; ++reads) {
        room_ = transmitter_is_empty() ? fifo_bytes : 0;
    }
    write_register(data, static_cast<uint8_t>(byte));
    room_ -= room_ != 0 ? 1 : 0;
}

void serial_port::write(const char* bytes, size_t length) {
    for (size_t index = 0; present_ && index < length; ++index) {
        write_byte(bytes[index]);
    }
}

size_t serial_port::room() {
    if (!present_ || transmitter_is_empty()) {
        return room_ = fifo_bytes;
    }
    enable_interrupts(enabled_ | enable_transmitter_empty);
    return 0;
}

/// Hands over what has arrived. The interrupt is edge-triggered: it must be left with nothing pending.
void serial_port::take_received() {
    char bytes[64];
    for (unsigned round = 0; round < most_rounds; ++round) {
        size_t count = 0;
        while (count < sizeof bytes && (read_register(line_status) & data_ready) != 0) {
            bytes[count++] = static_cast<char>(read_register(data));
        }
        if (count > 0) {
            told_.receive(bytes, count, told_.context);
        } else if ((read_register(interrupt_identification) & nothing_pending) != 0) {
            return;
        }
    }
    // Others have a turn. Off and on again makes a new edge for what is left, which had none otherwise.
    write_register(interrupt_enable, 0);
    write_register(interrupt_enable, enabled_);
}

void serial_port::take_interrupt() {
    take_received();
    if ((enabled_ & enable_transmitter_empty) != 0 && transmitter_is_empty()) {
        enable_interrupts(enable_received);
        told_.sent(told_.context);
    }
}

lib::result<void> serial_port::start(const listener& told) {
    if (!present_) {
        return lib::error{ENODEV};
    }
    told_ = told;
    const auto handle = [](void* self) { static_cast<serial_port*>(self)->take_interrupt(); };
    TRY(arch::request_irq(irq_line_, arch::irq_trigger::edge, handle, this));
    enable_interrupts(enable_received);
    take_received(); // what came before makes no edge any more
    return {};
}

} // namespace drv
