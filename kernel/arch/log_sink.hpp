#pragma once
// Where log lines go: a ring in memory, and every console registered here. lib/log.cpp formats, this
// stores and prints. Any context, also inside a panic.

#include <cstddef>

namespace arch {

using log_writer = void (*)(const char* text, size_t length);

/// Prints all further lines with this function too (at most four writers). It is called with interrupts
/// off and must not log, sleep or fault.
void add_log_writer(log_writer writer);

/// Copies the newest bytes of the ring that fit, oldest first, and returns their number.
size_t read_log(char* buffer, size_t size_bytes);

} // namespace arch
