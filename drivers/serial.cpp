// The 16550 of COM1. Bytes go out in bursts of 16 when the transmitter's FIFO is empty; waiting for it is
// bounded, so a port without a reader cannot stop the kernel. Whether there is a port at all shows in the
// scratch register.

#include "drivers/serial.hpp"

#include "kernel/abi/errno.h"
#include "kernel/arch/io.hpp"
#include "kernel/arch/irq.hpp"

namespace drv {
namespace {

constexpr uint16_t base = 0x3f8;
constexpr unsigned irq_line = 4;

// Data sheet, table II.
constexpr uint16_t data = base + 0;
constexpr uint16_t interrupt_enable = base + 1;
constexpr uint16_t fifo_control = base + 2;
constexpr uint16_t line_control = base + 3;
constexpr uint16_t modem_control = base + 4;
constexpr uint16_t line_status = base + 5;
constexpr uint16_t scratch = base + 7;

constexpr uint8_t enable_received = 0x01;
constexpr uint8_t fifo_on_cleared = 0x07;
constexpr uint8_t eight_bits_no_parity = 0x03;
constexpr uint8_t divisor_access = 0x80;
constexpr uint8_t dtr_rts_out2 = 0x0b; ///< OUT2 lets the interrupt through to the controller.
constexpr uint8_t data_ready = 0x01;
constexpr uint8_t transmitter_empty = 0x20;

constexpr unsigned fifo_bytes = 16;
constexpr unsigned longest_wait_reads = 100'000; ///< Far more than 16 bytes take at 115200 baud.

bool present = false;
unsigned room = 0; ///< Bytes that the FIFO takes before its state must be read again.

void (*receive_hook)(char byte, void* context) = nullptr;
void* receive_context = nullptr;

void write_byte(char byte) {
    for (unsigned reads = 0; room == 0 && reads < longest_wait_reads; ++reads) {
        if ((arch::inb(line_status) & transmitter_empty) != 0) {
            room = fifo_bytes;
        }
    }
    arch::outb(data, static_cast<uint8_t>(byte));
    room -= room != 0 ? 1 : 0;
}

void receive_interrupt(void*) {
    while ((arch::inb(line_status) & data_ready) != 0) {
        receive_hook(static_cast<char>(arch::inb(data)), receive_context);
    }
}

} // namespace

void setup_serial() {
    arch::outb(scratch, 0x5a);
    present = arch::inb(scratch) == 0x5a;
    if (!present) {
        return;
    }
    arch::outb(interrupt_enable, 0);
    arch::outb(line_control, divisor_access);
    arch::outb(data, 1); // divisor 1: 115200 baud
    arch::outb(interrupt_enable, 0);
    arch::outb(line_control, eight_bits_no_parity);
    arch::outb(fifo_control, fifo_on_cleared);
    arch::outb(modem_control, dtr_rts_out2);
}

void write_serial(const char* text, size_t length) {
    if (!present) {
        return;
    }
    for (size_t index = 0; index < length; ++index) {
        if (text[index] == '\n') {
            write_byte('\r');
        }
        write_byte(text[index]);
    }
}

lib::result<void> start_serial_input(void (*receive)(char byte, void* context), void* context) {
    if (!present) {
        return lib::error{ENODEV};
    }
    receive_hook = receive;
    receive_context = context;
    TRY(arch::request_irq(irq_line, arch::irq_trigger::edge, receive_interrupt, nullptr));
    arch::outb(interrupt_enable, enable_received);
    receive_interrupt(nullptr); // what came before makes no edge any more
    return {};
}

} // namespace drv
