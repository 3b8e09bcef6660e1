// VGA text mode: a 16-bit cell per character at 0xb8000, the cursor in the CRT controller's registers 0x0e
// and 0x0f (IBM VGA Technical Reference, "CRT Controller Registers").

#include "drivers/screen_device.hpp"

#include "kernel/arch/io.hpp"
#include "kernel/mm/vmap.hpp"

namespace drv {
namespace {

constexpr uint64_t text_memory = 0xb8000;
constexpr unsigned rows = 25;
constexpr unsigned columns = 80;
constexpr uint16_t crtc_index = 0x3d4;
constexpr uint16_t crtc_data = 0x3d5;
constexpr uint8_t cursor_high = 0x0e;
constexpr uint8_t cursor_low = 0x0f;

volatile screen_cell* cells = nullptr;

void draw(unsigned row, unsigned column, screen_cell cell) {
    cells[row * columns + column] = cell;
}

void place_cursor(unsigned row, unsigned column, screen_cell) {
    const unsigned position = row * columns + column;
    arch::outb(crtc_index, cursor_high);
    arch::outb(crtc_data, static_cast<uint8_t>(position >> 8));
    arch::outb(crtc_index, cursor_low);
    arch::outb(crtc_data, static_cast<uint8_t>(position));
}

} // namespace

screen_device setup_vga_text() {
    const auto mapped =
        mm::map_device(text_memory, rows * columns * sizeof(screen_cell), mm::device_caching::uncached);
    if (!mapped.ok()) {
        return {};
    }
    cells = static_cast<volatile screen_cell*>(mapped.value());
    return {rows, columns, draw, place_cursor};
}

} // namespace drv
