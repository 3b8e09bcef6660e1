#pragma once
// Serial ports, 16550: output by polling, so that it works in a panic, and input by interrupt. A writer that
// must lose nothing asks for room first. Registers: National Semiconductor PC16550D data sheet, section 8.
// The first port is the console's.

#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

namespace drv {

class serial_port {
public:
    constexpr serial_port(uint16_t base, unsigned irq_line) : base_(base), irq_line_(irq_line) {}
    serial_port(const serial_port&) = delete;
    serial_port& operator=(const serial_port&) = delete;

    /// Looks for the port and sets it to 115200 8N1, FIFOs on. Boot.
    void setup();
    bool present() const { return present_; }

    /// Sends bytes as they are; dropped without a port, and when nobody takes those before them for long. Any
    /// context; the caller keeps two writers apart.
    void write(const char* bytes, size_t length);
    /// Bytes that write() sends without waiting. None: the listener's `sent` is called when there are some.
    /// As write(), with interrupts off.
    size_t room();

    /// Is told of the bytes that arrive, some at a time, and of room that was asked for. In irq context.
    struct listener {
        void (*receive)(const char* bytes, size_t length, void* context);
        void (*sent)(void* context); ///< Empty: nobody asks for room.
        void* context;
    };
    /// Switches interrupts on. Once; ENODEV without a port.
    lib::result<void> start(const listener& told);

private:
    uint8_t read_register(uint16_t offset) const;
    void write_register(uint16_t offset, uint8_t value) const;
    bool transmitter_is_empty() const;
    void enable_interrupts(uint8_t which);
    void write_byte(char byte);
    void take_received();
    void take_interrupt();

    uint16_t base_;
    unsigned irq_line_;
    bool present_ = false;
    unsigned room_ = 0;   ///< Bytes that the FIFO takes before its state must be read again.
    uint8_t enabled_ = 0; ///< What the interrupt enable register holds.
    listener told_ = {};
};

/// COM1 (0x3f8, line 4) and COM2 (0x2f8, line 3).
constexpr unsigned serial_port_count = 2;
serial_port& serial_port_number(unsigned index);

} // namespace drv
