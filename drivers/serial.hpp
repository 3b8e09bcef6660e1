#pragma once
// The first serial port, a 16550 at 0x3f8: output by polling, so that it works in a panic, and input by
// interrupt. Registers: National Semiconductor PC16550D data sheet, section 8.

#include "kernel/lib/result.hpp"

#include <cstddef>

namespace drv {

/// 115200 8N1, FIFOs on. First thing at boot; without a port all output is dropped.
void setup_serial();

/// Writes bytes as they are ("\n" becomes "\r\n"). Any context; two writers may interleave by lines.
void write_serial(const char* text, size_t length);

/// Calls receive(byte, context) in irq context for each byte that arrives. Once; ENODEV without a port.
lib::result<void> start_serial_input(void (*receive)(char byte, void* context), void* context);

} // namespace drv
