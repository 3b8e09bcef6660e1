#pragma once
// The glyphs of the frame buffer: printable ASCII.

#include <cstdint>

namespace drv {

constexpr char font_first = ' ';
constexpr char font_last = '~';
constexpr unsigned font_rows = 8;
constexpr unsigned font_columns = 5;

/// font[c - font_first][row]: the dots of a row, bit 4 at the left.
extern const uint8_t font[font_last - font_first + 1][font_rows];

} // namespace drv
