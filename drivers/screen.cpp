// A terminal emulator in the small: printable characters, CR LF BS TAB, and the control sequences of
// ECMA-48 that shells and full-screen programs use (8.3: CUU CUD CUF CUB CUP ED EL SGR and a few more).
// UTF-8 beyond ASCII shows as '?'.
//
// Two grids are kept: what is wanted and what is shown. A write changes the first one; at its end the cells
// that differ are drawn. So a hundred lines that scroll by in one write are drawn once, which is what makes a
// frame buffer bearable.

#include "drivers/screen.hpp"

#include "boot/boot_info.hpp"
#include "drivers/screen_device.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/mm/kmalloc.hpp"

namespace drv {
namespace {

constexpr uint16_t default_colours = 0x0700;
constexpr uint16_t bright = 0x0800;
constexpr unsigned most_parameters = 8;
constexpr unsigned tab_width = 8;

enum class parse_state : uint8_t { text, escape, sequence, string };

screen_device device;
screen_cell* grid = nullptr;               ///< What is wanted; guarded by the console's lock, as all below.
screen_cell* shown = nullptr;              ///< What the device shows.
unsigned changed_top = 0, changed_end = 0; ///< Rows where the two may differ: from top to before end.
unsigned row = 0;
unsigned column = 0; ///< May equal the width: the next character wraps.
unsigned saved_row = 0, saved_column = 0;
unsigned region_top = 0, region_bottom = 0; ///< Rows that scroll, both included.
uint16_t colours = default_colours;
bool reversed = false;
parse_state state = parse_state::text;
unsigned parameters[most_parameters];
unsigned parameter_count = 0;
bool is_private = false; ///< "ESC [ ?"

unsigned smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

uint16_t present_colours() {
    if (!reversed) {
        return colours;
    }
    return static_cast<uint16_t>((colours & 0x8800) | ((colours & 0x0700) << 4) | ((colours & 0x7000) >> 4));
}

screen_cell blank() {
    return static_cast<screen_cell>(colours | ' ');
}

void put(unsigned at_row, unsigned at_column, screen_cell cell) {
    grid[at_row * device.columns + at_column] = cell;
    if (changed_top == changed_end) {
        changed_top = at_row;
        changed_end = at_row + 1;
    } else {
        changed_top = smaller(changed_top, at_row);
        changed_end = at_row < changed_end ? changed_end : at_row + 1;
    }
}

/// Draws what has changed.
void draw_changes() {
    for (unsigned i = changed_top; i < changed_end; i++) {
        for (unsigned j = 0; j < device.columns; j++) {
            const unsigned index = i * device.columns + j;
            if (shown[index] != grid[index]) {
                shown[index] = grid[index];
                device.draw(i, j, grid[index]);
            }
        }
    }
    changed_top = changed_end = 0;
}

void erase(unsigned at_row, unsigned from, unsigned to) {
    for (unsigned i = from; i < to; i++) {
        put(at_row, i, blank());
    }
}

void copy_row(unsigned to, unsigned from) {
    for (unsigned i = 0; i < device.columns; i++) {
        put(to, i, grid[from * device.columns + i]);
    }
}

/// Moves the rows from top to the region's end up by some; blank ones come in below.
void scroll_up(unsigned top, unsigned count) {
    count = smaller(count, region_bottom - top + 1);
    for (unsigned i = top; i + count <= region_bottom; i++) {
        copy_row(i, i + count);
    }
    for (unsigned i = region_bottom + 1 - count; i <= region_bottom; i++) {
        erase(i, 0, device.columns);
    }
}

void scroll_down(unsigned top, unsigned count) {
    count = smaller(count, region_bottom - top + 1);
    for (unsigned i = region_bottom; i >= top + count; i--) {
        copy_row(i, i - count);
    }
    for (unsigned i = top; i < top + count; i++) {
        erase(i, 0, device.columns);
    }
}

void line_feed() {
    if (row == region_bottom) {
        scroll_up(region_top, 1);
    } else if (row + 1 < device.rows) {
        row++;
    }
}

void show_character(uint8_t byte) {
    if (column >= device.columns) {
        column = 0;
        line_feed();
    }
    put(row, column++, static_cast<screen_cell>(present_colours() | byte));
}

void show_text(uint8_t byte) {
    switch (byte) {
    case '\n':
        line_feed();
        break;
    case '\r':
        column = 0;
        break;
    case '\b':
        column -= column > 0 ? 1 : 0;
        break;
    case '\t':
        column = smaller((column / tab_width + 1) * tab_width, device.columns - 1u);
        break;
    case 0x1b:
        state = parse_state::escape;
        break;
    default:
        if (byte >= 0xc0) { // The first byte of a character beyond ASCII; its others are silent.
            show_character('?');
        } else if (byte >= ' ' && byte < 0x7f) {
            show_character(byte);
        }
    }
}

/// The parameter, or a default if it is absent or zero.
unsigned parameter(unsigned index, unsigned otherwise) {
    return index < parameter_count && parameters[index] != 0 ? parameters[index] : otherwise;
}

/// ECMA-48 8.3.117. The three bits of a colour stand in the opposite order on a PC.
uint16_t pc_colour(unsigned number) {
    return static_cast<uint16_t>((number & 1) << 2 | (number & 2) | (number & 4) >> 2);
}

void select_rendition(unsigned what) {
    if (what == 0) {
        colours = default_colours;
        reversed = false;
    } else if (what == 1) {
        colours |= bright;
    } else if (what == 22) {
        colours &= static_cast<uint16_t>(~bright);
    } else if (what == 7 || what == 27) {
        reversed = what == 7;
    } else if (what >= 30 && what <= 37) {
        colours = static_cast<uint16_t>((colours & 0xf800) | pc_colour(what - 30) << 8);
    } else if (what == 39) {
        colours = static_cast<uint16_t>((colours & 0xf800) | default_colours);
    } else if (what >= 40 && what <= 47) {
        colours = static_cast<uint16_t>((colours & 0x0f00) | pc_colour(what - 40) << 12);
    } else if (what == 49) {
        colours &= 0x0f00;
    } else if (what >= 90 && what <= 97) {
        colours = static_cast<uint16_t>((colours & 0xf000) | bright | pc_colour(what - 90) << 8);
    }
}

void erase_display(unsigned what) {
    if (what == 0) {
        erase(row, column, device.columns);
    } else if (what == 1) {
        erase(row, 0, smaller(column + 1, device.columns));
    }
    const unsigned first = what == 0 ? row + 1 : 0;
    const unsigned end = what == 1 ? row : device.rows;
    for (unsigned i = first; i < end; i++) {
        erase(i, 0, device.columns);
    }
}

void erase_in_line(unsigned what) {
    const unsigned from = what == 0 ? column : 0;
    erase(row, from, what == 1 ? smaller(column + 1, device.columns) : device.columns);
}

void delete_characters(unsigned count) {
    for (unsigned i = column; i < device.columns; i++) {
        put(row, i, i + count < device.columns ? grid[row * device.columns + i + count] : blank());
    }
}

void insert_characters(unsigned count) {
    for (unsigned i = device.columns; i-- > column;) {
        put(row, i, i >= column + count ? grid[row * device.columns + i - count] : blank());
    }
}

void set_region(unsigned top, unsigned bottom) {
    if (top < bottom && bottom <= device.rows) {
        region_top = top - 1;
        region_bottom = bottom - 1;
        row = column = 0;
    }
}

void move_to(unsigned new_row, unsigned new_column) {
    row = smaller(new_row, device.rows - 1u);
    column = smaller(new_column, device.columns - 1u);
}

void save_cursor() {
    saved_row = row;
    saved_column = column;
}

void run_sequence(uint8_t final_byte) {
    const unsigned count = parameter(0, 1);
    switch (final_byte) {
    case 'A':
        return move_to(row > count ? row - count : 0, column);
    case 'B':
        return move_to(row + count, column);
    case 'C':
        return move_to(row, column + count);
    case 'D':
        return move_to(row, column > count ? column - count : 0);
    case 'G':
        return move_to(row, count - 1);
    case 'd':
        return move_to(count - 1, column);
    case 'H':
    case 'f':
        return move_to(count - 1, parameter(1, 1) - 1);
    case 'J':
        return erase_display(parameter(0, 0));
    case 'K':
        return erase_in_line(parameter(0, 0));
    case 'L':
        return scroll_down(row, count);
    case 'M':
        return scroll_up(row, count);
    case 'P':
        return delete_characters(count);
    case '@':
        return insert_characters(count);
    case 'r':
        return set_region(parameter(0, 1), parameter(1, device.rows));
    case 's':
        return save_cursor();
    case 'u':
        return move_to(saved_row, saved_column);
    case 'm':
        for (unsigned i = 0; i < parameter_count; i++) {
            select_rendition(parameters[i]);
        }
        return;
    default:
        return; // Known to others, not needed here.
    }
}

void take_sequence_byte(uint8_t byte) {
    if (byte >= '0' && byte <= '9') {
        unsigned& value = parameters[parameter_count - 1];
        value = smaller(value * 10 + (byte - '0'), 9999);
    } else if (byte == ';') {
        if (parameter_count < most_parameters) {
            parameters[parameter_count++] = 0;
        }
    } else if (byte == '?') {
        is_private = true;
    } else if (byte >= '@' && byte <= '~') {
        state = parse_state::text;
        if (!is_private) {
            run_sequence(byte);
        }
    } else if (byte < ' ') {
        state = parse_state::text;
        show_text(byte);
    }
}

void take_escape_byte(uint8_t byte) {
    state = parse_state::text;
    switch (byte) {
    case '[':
        state = parse_state::sequence;
        parameter_count = 1;
        parameters[0] = 0;
        is_private = false;
        break;
    case ']': // Operating system command: a title. Ends with BEL or ESC \.
        state = parse_state::string;
        break;
    case '7':
        save_cursor();
        break;
    case '8':
        move_to(saved_row, saved_column);
        break;
    case 'M':
        if (row == region_top) {
            scroll_down(region_top, 1);
        } else {
            row -= row > 0 ? 1 : 0;
        }
        break;
    default:
        break;
    }
}

void show_cursor() {
    const unsigned at_column = smaller(column, device.columns - 1u);
    device.place_cursor(row, at_column, grid[row * device.columns + at_column]);
}

void take_byte(uint8_t byte) {
    switch (state) {
    case parse_state::text:
        return show_text(byte);
    case parse_state::escape:
        return take_escape_byte(byte);
    case parse_state::sequence:
        return take_sequence_byte(byte);
    case parse_state::string:
        if (byte == '\a' || byte == 0x1b) {
            state = byte == '\a' ? parse_state::text : parse_state::escape;
        }
        return;
    }
}

} // namespace

void setup_screen(const boot::screen& found) {
    screen_device made;
    if (found.kind == boot::screen_kind::text) {
        made = setup_vga_text();
    } else if (found.kind == boot::screen_kind::pixels) {
        made = setup_framebuffer(found);
    }
    if (made.rows == 0) {
        return;
    }
    const size_t cells = size_t{made.rows} * made.columns;
    grid =
        static_cast<screen_cell*>(mm::kmalloc_zeroed(2 * cells * sizeof(screen_cell), mm::mem_tag::driver));
    if (grid == nullptr) {
        LOG_WARNING("screen: no memory for %u x %u characters", made.columns, made.rows);
        return;
    }
    shown = grid + cells; // No cell is zero: all of them will be drawn.
    device = made;
    region_bottom = device.rows - 1u;
    erase_display(2);
    draw_changes();
    show_cursor();
}

void write_screen(const char* bytes, size_t length) {
    if (grid == nullptr) {
        return;
    }
    for (size_t i = 0; i < length; i++) {
        take_byte(static_cast<uint8_t>(bytes[i]));
    }
    draw_changes();
    show_cursor();
}

screen_size size_of_screen() {
    return {device.rows, device.columns};
}

} // namespace drv
