#pragma once
// What a terminal on the screen needs of the hardware; vga_text.cpp and framebuffer.cpp are the two.

#include <cstdint>

namespace boot {
struct screen;
}

namespace drv {

/// A character and its colours as VGA text memory has them: bits 0-7 character (code page 437), 8-11
/// foreground, 12-14 background.
using screen_cell = uint16_t;

/// A screen device; rows and columns are 0 if it could not be set up.
struct screen_device {
    uint16_t rows = 0;
    uint16_t columns = 0;
    void (*draw)(unsigned row, unsigned column, screen_cell cell) = nullptr;
    /// Shows the cursor there and nowhere else; under is what the cell shows.
    void (*place_cursor)(unsigned row, unsigned column, screen_cell under) = nullptr;
};

/// Text mode: 80x25 at 0xb8000.
screen_device setup_vga_text();
/// A linear frame buffer of 32 bits a pixel; none of another depth.
screen_device setup_framebuffer(const boot::screen& found);

} // namespace drv
