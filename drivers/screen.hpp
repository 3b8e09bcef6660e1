#pragma once
// The screen as a terminal: a grid of characters with a cursor that understands the common part of ECMA-48
// (cursor movement, erasing, colours), on VGA text memory or a frame buffer, whichever there is.

#include <cstddef>
#include <cstdint>

namespace boot {
struct screen;
}

namespace drv {

/// Takes the screen that the loader found; without one all output is dropped. Boot, after mm is up.
void setup_screen(const boot::screen& found);

/// Shows bytes. Any context, never sleeps; the caller keeps two writers apart (the console's lock).
void write_screen(const char* bytes, size_t length);

struct screen_size {
    uint16_t rows;
    uint16_t columns;
};
/// 0 by 0 without a screen.
screen_size size_of_screen();

} // namespace drv
