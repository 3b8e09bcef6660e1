#pragma once
// The console: serial port, screen and keyboard as one terminal. Output goes to both, input comes from both,
// so the same image works headless, in a window and in Bochs.

#include "kernel/lib/result.hpp"

#include <cstddef>

namespace console {

/// For arch::add_log_writer: shows log lines ("\n" becomes "\r\n"). Any context, also in a panic.
void write_log(const char* text, size_t length);

/// Makes the terminals of the console and of the second serial port, with their files in /dev: console,
/// ttyS0 and tty0 (one and the same terminal), ttyS1 (raw, if there is a second port), tty. Starts input.
/// Process context, after fs::initialize. ENOMEM.
lib::result<void> start();

} // namespace console
