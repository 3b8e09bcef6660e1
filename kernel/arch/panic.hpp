#pragma once
// The end: panic, power off, reboot.

#include "kernel/arch/trap_frame.hpp"

#include <cstdint>

namespace arch {

/// Prints the message, registers, a backtrace with symbols and the last trace records, then stops; on a
/// test run (command line word "test") QEMU leaves with a failing status. Any context.
[[noreturn, gnu::format(printf, 1, 2)]] void panic(const char* text, ...);

/// The same for an exception in the kernel, with the registers of the interrupted code.
[[noreturn, gnu::format(printf, 2, 3)]] void panic_with_frame(const trap_frame& frame, const char* text, ...);

/// Called once by a panic after its backtrace, to print the last trace records with LOG_ERROR. It must
/// take no locks.
void set_panic_hook(void (*hook)());

/// Logs the callers of this function, innermost first.
void log_backtrace();

/// Switches the machine off. A status other than 0 is told to QEMU's isa-debug-exit, if it is there: QEMU
/// then ends with status * 2 + 1. Otherwise by the ACPI power-off ports of QEMU and Bochs.
[[noreturn]] void power_off(uint8_t status);
[[noreturn]] void reboot();

/// Makes a panic leave QEMU with a failing status instead of stopping.
void set_test_run(bool on);

/// Name of the function that contains a kernel address and the distance from its start; nullptr if
/// unknown.
const char* find_symbol(uint64_t address, uint64_t& offset);

} // namespace arch
