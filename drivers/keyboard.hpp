#pragma once
// The PS/2 keyboard, with a US layout.

#include "kernel/lib/result.hpp"

#include <cstddef>

namespace drv {

/// Starts the keyboard: receive(bytes, length, context) is called in irq context with what a key means: a
/// character, or the escape sequence of a function key. Boot. ENODEV.
lib::result<void> start_keyboard(void (*receive)(const char* bytes, size_t length, void* context),
                                 void* context);

} // namespace drv
