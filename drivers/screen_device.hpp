#pragma once
// What a terminal on the screen needs of the hardware; vga_text.cpp is one.

#include <cstdint>

namespace drv {

/// A character and its colours as VGA text memory has them: bits 0-7 character (code page 437), 8-11
/// foreground, 12-14 background.
using screen_cell = uint16_t;

/// A screen device; rows and columns are 0 if it could not be set up.
struct screen_device {
    uint16_t rows = 0;
    uint16_t columns = 0;
    void (*draw)(unsigned row, unsigned column, screen_cell cell) = nullptr;
    void (*place_cursor)(unsigned row, unsigned column) = nullptr;
};

/// Text mode: 80x25 at 0xb8000.
screen_device setup_vga_text();

} // namespace drv
