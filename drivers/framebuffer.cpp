// A linear frame buffer as a text screen: each character is a cell of 8 by 16 pixels. Under UEFI there is no
// text mode; this is what GRUB leaves us then.
//
// The memory is mapped write-combining and only written: reading it back would be slow. So the cursor, two
// lines of foreground colour at the foot of a cell, is taken away by drawing that cell again.

#include "boot/boot_info.hpp"
#include "drivers/font.hpp"
#include "drivers/screen_device.hpp"
#include "kernel/mm/vmap.hpp"

namespace drv {
namespace {

constexpr unsigned cell_width = 8;
constexpr unsigned cell_height = 2 * font_rows;
constexpr unsigned right_margin = 2; ///< Pixels beside a glyph.
constexpr unsigned cursor_height = 2;
constexpr unsigned most_rows = 128, most_columns = 480;

volatile uint32_t* pixels = nullptr;
unsigned pitch_pixels = 0;
uint32_t palette[16];

struct cursor {
    unsigned row, column;
    screen_cell under;
    bool shown;
};
cursor shown_cursor{};

/// The colours of VGA text mode, in its order, as 0xrrggbb.
constexpr uint32_t text_colours[16] = {0x000000, 0x0000aa, 0x00aa00, 0x00aaaa, 0xaa0000, 0xaa00aa,
                                       0xaa5500, 0xaaaaaa, 0x555555, 0x5555ff, 0x55ff55, 0x55ffff,
                                       0xff5555, 0xff55ff, 0xffff55, 0xffffff};

uint32_t to_pixel(uint32_t colour, const boot::screen& found) {
    return ((colour >> 16) & 0xff) << found.red_shift | ((colour >> 8) & 0xff) << found.green_shift |
           (colour & 0xff) << found.blue_shift;
}

volatile uint32_t* cell_pixels(unsigned row, unsigned column) {
    return pixels + row * cell_height * pitch_pixels + column * cell_width;
}

void draw_cell(unsigned row, unsigned column, screen_cell cell) {
    const uint32_t foreground = palette[(cell >> 8) & 0xf];
    const uint32_t background = palette[(cell >> 12) & 0x7];
    const auto character = static_cast<char>(cell);
    const bool known = character >= font_first && character <= font_last;
    volatile uint32_t* line = cell_pixels(row, column);
    for (unsigned y = 0; y < cell_height; y++, line += pitch_pixels) {
        const unsigned dots = known ? font[character - font_first][y / 2] << right_margin : 0;
        for (unsigned x = 0; x < cell_width; x++) {
            line[x] = (dots >> (cell_width - 1 - x) & 1) != 0 ? foreground : background;
        }
    }
}

void draw(unsigned row, unsigned column, screen_cell cell) {
    draw_cell(row, column, cell);
    if (shown_cursor.row == row && shown_cursor.column == column) {
        shown_cursor.shown = false;
    }
}

void place_cursor(unsigned row, unsigned column, screen_cell under) {
    if (shown_cursor.shown) {
        if (shown_cursor.row == row && shown_cursor.column == column) {
            return;
        }
        draw_cell(shown_cursor.row, shown_cursor.column, shown_cursor.under);
    }
    volatile uint32_t* line = cell_pixels(row, column) + (cell_height - cursor_height) * pitch_pixels;
    for (unsigned y = 0; y < cursor_height; y++, line += pitch_pixels) {
        for (unsigned x = 0; x < cell_width; x++) {
            line[x] = palette[(under >> 8) & 0xf];
        }
    }
    shown_cursor = {row, column, under, true};
}

unsigned smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

} // namespace

screen_device setup_framebuffer(const boot::screen& found) {
    if (found.bits_per_pixel != 32 || found.width < cell_width || found.height < cell_height) {
        return {};
    }
    const auto mapped = mm::map_device(found.physical, size_t{found.pitch_bytes} * found.height,
                                       mm::device_caching::write_combining);
    if (!mapped.ok()) {
        return {};
    }
    pixels = static_cast<volatile uint32_t*>(mapped.value());
    pitch_pixels = found.pitch_bytes / sizeof(uint32_t);
    for (unsigned i = 0; i < 16; i++) {
        palette[i] = to_pixel(text_colours[i], found);
    }
    const auto rows = static_cast<uint16_t>(smaller(found.height / cell_height, most_rows));
    const auto columns = static_cast<uint16_t>(smaller(found.width / cell_width, most_columns));
    return {rows, columns, draw, place_cursor};
}

} // namespace drv
