// The line discipline: from keystrokes to lines, and from text to what the device wants (POSIX.1-2017
// chapter 11; the bits as in termios(3)).
//
//   input ring        tail            canonical        head
//        ...............|=================|------------|......
//                        complete lines     being typed
//
// In canonical mode a read may take what lies before `canonical`; erasing works between `canonical` and
// `head`. A bit in `delimiters` marks the bytes that end a line; the end-of-file character is stored as a
// marked zero byte that reads swallow, so a ^D after "abc" hands over "abc", and alone an empty line. In
// raw mode everything before `head` may be read.
//
// All of it runs under the terminal's spinlock, much of it in interrupt context.

#include "kernel/abi/termios.h"
#include "kernel/fs/tty_internal.hpp"
#include "kernel/lib/string.hpp"

namespace fs {

namespace {

constexpr uint32_t tab_width = 8;
constexpr uint8_t disabled = 0; ///< _POSIX_VDISABLE

constexpr auto iflag = &tty_modes::input;
constexpr auto oflag = &tty_modes::output;
constexpr auto lflag = &tty_modes::local;

bool is(const tty& terminal, uint8_t byte, int which) {
    return byte == terminal.modes.characters[which] && byte != disabled;
}

bool is_utf8_continuation(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

char& at(tty& terminal, uint32_t position) {
    return terminal.input[position % tty_input_bytes];
}

bool is_delimiter(const tty& terminal, uint32_t position) {
    const uint32_t index = position % tty_input_bytes;
    return (terminal.delimiters[index / 64] >> (index % 64) & 1) != 0;
}

void mark_delimiter(tty& terminal, uint32_t position, bool ends_line) {
    const uint32_t index = position % tty_input_bytes;
    const uint64_t bit = uint64_t{1} << (index % 64);
    uint64_t& word = terminal.delimiters[index / 64];
    word = ends_line ? word | bit : word & ~bit;
}

void send(tty& terminal, const char* bytes, size_t length) {
    terminal.driver->write(terminal, bytes, length);
}

/// Follows the cursor.
void advance_column(tty& terminal, uint8_t byte) {
    switch (byte) {
    case '\r':
        terminal.column = 0;
        break;
    case '\b':
        terminal.column -= terminal.column > 0 ? 1 : 0;
        break;
    case '\t':
        terminal.column = terminal.column / tab_width * tab_width + tab_width;
        break;
    default:
        terminal.column += byte >= ' ' && !is_utf8_continuation(byte) ? 1 : 0;
    }
}

/// One byte through output processing into a small buffer; returns how many bytes it became.
size_t process_output(tty& terminal, uint8_t byte, char (&out)[2]) {
    out[0] = static_cast<char>(byte);
    if (!terminal.has(oflag, OPOST)) {
        advance_column(terminal, byte);
        return 1;
    }
    if (byte == '\n' && terminal.has(oflag, ONLCR)) {
        out[0] = '\r';
        out[1] = '\n';
        terminal.column = 0;
        return 2;
    }
    if (byte == '\n' && terminal.has(oflag, ONLRET)) {
        terminal.column = 0;
    }
    if (byte == '\r' && terminal.has(oflag, ONOCR) && terminal.column == 0) {
        return 0;
    }
    if (byte == '\r' && terminal.has(oflag, OCRNL)) {
        out[0] = '\n';
        return 1;
    }
    advance_column(terminal, byte);
    return 1;
}

// ---- echo ------------------------------------------------------------------------------------------------

bool shows_as_caret(const tty& terminal, uint8_t byte) {
    return terminal.has(lflag, ECHOCTL) && (byte < ' ' || byte == 0x7f) && byte != '\n' && byte != '\t';
}

void echo_byte(tty& terminal, uint8_t byte) {
    if (shows_as_caret(terminal, byte)) {
        const char caret[2] = {'^', static_cast<char>(byte ^ 0x40)};
        write_processed_locked(terminal, caret, sizeof caret);
        return;
    }
    const char plain = static_cast<char>(byte);
    write_processed_locked(terminal, &plain, 1);
}

void echo(tty& terminal, uint8_t byte) {
    if (terminal.has(lflag, ECHO) ||
        (byte == '\n' && terminal.has(lflag, ECHONL) && terminal.has(lflag, ICANON))) {
        echo_byte(terminal, byte);
    }
}

/// Columns that the typed byte takes when the cursor stands at `column`.
uint32_t width_of(const tty& terminal, uint8_t byte, uint32_t column) {
    if (byte == '\t') {
        return tab_width - column % tab_width;
    }
    if (shows_as_caret(terminal, byte)) {
        return 2;
    }
    return byte < ' ' || is_utf8_continuation(byte) ? 0 : 1;
}

void rub_out(tty& terminal, uint32_t columns) {
    static constexpr char step[] = {'\b', ' ', '\b'};
    for (uint32_t i = 0; i < columns; i++) {
        send(terminal, step, sizeof step);
        terminal.column -= terminal.column > 0 ? 1 : 0;
    }
}

/// The width of the last character of the line being typed; a tab's depends on all before it.
uint32_t width_of_last(tty& terminal) {
    uint32_t column = terminal.line_column;
    uint32_t width = 0;
    for (uint32_t i = terminal.canonical; i != terminal.head; i++) {
        width = width_of(terminal, static_cast<uint8_t>(at(terminal, i)), column);
        column += width;
    }
    return width;
}

// ---- erasing ---------------------------------------------------------------------------------------------

/// Takes back the last character, with all bytes of its UTF-8 form.
void erase_character(tty& terminal) {
    if (terminal.head == terminal.canonical) {
        return;
    }
    uint32_t first = terminal.head - 1;
    if (terminal.has(iflag, IUTF8)) {
        while (first != terminal.canonical &&
               is_utf8_continuation(static_cast<uint8_t>(at(terminal, first)))) {
            first--;
        }
    }
    const uint8_t byte = static_cast<uint8_t>(at(terminal, first));
    terminal.head = first + 1;
    const uint32_t width = width_of_last(terminal);
    terminal.head = first;
    if (!terminal.has(lflag, ECHO)) {
        return;
    }
    if (terminal.has(lflag, ECHOE)) {
        rub_out(terminal, width);
    } else {
        echo_byte(terminal, byte == '\n' ? ' ' : terminal.modes.characters[VERASE]);
    }
}

void erase_word(tty& terminal) {
    const auto last_is_space = [&] {
        const char last = at(terminal, terminal.head - 1);
        return last == ' ' || last == '\t';
    };
    while (terminal.head != terminal.canonical && last_is_space()) {
        erase_character(terminal);
    }
    while (terminal.head != terminal.canonical && !last_is_space()) {
        erase_character(terminal);
    }
}

void erase_line(tty& terminal, uint8_t byte) {
    if (terminal.has(lflag, ECHOKE) && terminal.has(lflag, ECHOE)) {
        while (terminal.head != terminal.canonical) {
            erase_character(terminal);
        }
        return;
    }
    terminal.head = terminal.canonical;
    if (terminal.has(lflag, ECHO)) {
        echo_byte(terminal, byte);
        if (terminal.has(lflag, ECHOK)) {
            echo_byte(terminal, '\n');
        }
    }
}

void reprint_line(tty& terminal, uint8_t byte) {
    echo_byte(terminal, byte);
    echo_byte(terminal, '\n');
    terminal.line_column = 0;
    for (uint32_t i = terminal.canonical; i != terminal.head; i++) {
        echo_byte(terminal, static_cast<uint8_t>(at(terminal, i)));
    }
}

// ---- storing ---------------------------------------------------------------------------------------------

/// Stores a byte. One place is kept for a line's end, so that a full buffer can still be handed over.
bool store(tty& terminal, uint8_t byte, bool ends_line) {
    const uint32_t room = tty_input_bytes - terminal.waiting();
    if (room == 0 || (room == 1 && terminal.has(lflag, ICANON) && !ends_line)) {
        if (terminal.has(iflag, IMAXBEL)) {
            send(terminal, "\a", 1);
        }
        return false;
    }
    at(terminal, terminal.head) = static_cast<char>(byte);
    mark_delimiter(terminal, terminal.head, ends_line);
    terminal.head++;
    return true;
}

void finish_line(tty& terminal) {
    terminal.canonical = terminal.head;
    terminal.line_column = terminal.column;
}

void type_byte(tty& terminal, uint8_t byte) {
    if (terminal.head == terminal.canonical) {
        terminal.line_column = terminal.column;
    }
    if (store(terminal, byte, false)) {
        echo(terminal, byte);
    }
}

/// Erasing and line ends. True: the byte was one of these.
bool edit_line(tty& terminal, uint8_t byte) {
    const bool extended = terminal.has(lflag, IEXTEN);
    if (is(terminal, byte, VERASE)) {
        erase_character(terminal);
    } else if (is(terminal, byte, VKILL)) {
        erase_line(terminal, byte);
    } else if (extended && is(terminal, byte, VWERASE)) {
        erase_word(terminal);
    } else if (extended && is(terminal, byte, VREPRINT) && terminal.has(lflag, ECHO)) {
        reprint_line(terminal, byte);
    } else if (is(terminal, byte, VEOF)) {
        if (store(terminal, '\0', true)) {
            finish_line(terminal);
        }
    } else if (byte == '\n' || is(terminal, byte, VEOL) || (extended && is(terminal, byte, VEOL2))) {
        if (store(terminal, byte, true)) {
            echo(terminal, byte);
            finish_line(terminal);
        }
    } else {
        return false;
    }
    return true;
}

/// ^C, ^\\ and ^Z. True: the byte was one of these.
bool raise_signal(tty& terminal, uint8_t byte, tty_signals& signals) {
    if (is(terminal, byte, VINTR)) {
        signals.interrupt = true;
    } else if (is(terminal, byte, VQUIT)) {
        signals.quit = true;
    } else if (is(terminal, byte, VSUSP)) {
        signals.suspend = true;
    } else {
        return false;
    }
    if (!terminal.has(lflag, NOFLSH)) {
        flush_input_locked(terminal);
    }
    terminal.output_stopped = false;
    echo(terminal, byte);
    return true;
}

/// ^S and ^Q. True: the byte was one of these, or woke the output (IXANY).
bool control_flow(tty& terminal, uint8_t byte) {
    if (is(terminal, byte, VSTOP)) {
        terminal.output_stopped = true;
        return true;
    }
    if (is(terminal, byte, VSTART)) {
        terminal.output_stopped = false;
        return true;
    }
    if (terminal.has(iflag, IXANY)) {
        terminal.output_stopped = false;
    }
    return false;
}

/// Input mapping: CR, NL and the eighth bit. False: the byte is to be dropped.
bool map_input(const tty& terminal, uint8_t& byte) {
    if (terminal.has(iflag, ISTRIP)) {
        byte &= 0x7f;
    }
    if (byte == '\r') {
        if (terminal.has(iflag, IGNCR)) {
            return false;
        }
        byte = terminal.has(iflag, ICRNL) ? '\n' : byte;
    } else if (byte == '\n' && terminal.has(iflag, INLCR)) {
        byte = '\r';
    }
    return true;
}

} // namespace

void set_preset_locked(tty& terminal, tty_preset preset) {
    static constexpr uint8_t characters[19] = {3,  28, 127, 21, 4,  0,  1, 0, 17, 19,
                                               26, 0,  18,  15, 23, 22, 0, 0, 0};
    tty_modes& modes = terminal.modes;
    memcpy(modes.characters, characters, sizeof characters);
    modes.control = B115200 | CS8 | CREAD | HUPCL | CLOCAL;
    if (preset == tty_preset::cooked) {
        modes.input = ICRNL | IXON | IUTF8 | IMAXBEL;
        modes.output = OPOST | ONLCR;
        modes.local = ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE;
    }
}

void write_processed_locked(tty& terminal, const char* bytes, size_t length) {
    char out[512];
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char piece[2];
        const size_t count = process_output(terminal, static_cast<uint8_t>(bytes[i]), piece);
        memcpy(out + used, piece, count);
        used += count;
        if (used > sizeof out - sizeof piece) {
            send(terminal, out, used);
            used = 0;
        }
    }
    if (used > 0) {
        send(terminal, out, used);
    }
}

void receive_byte_locked(tty& terminal, uint8_t byte, tty_signals& signals) {
    if (terminal.literal_next) {
        terminal.literal_next = false;
        type_byte(terminal, byte);
        return;
    }
    if (!map_input(terminal, byte)) {
        return;
    }
    if (terminal.has(iflag, IXON) && control_flow(terminal, byte)) {
        return;
    }
    if (terminal.has(lflag, ISIG) && raise_signal(terminal, byte, signals)) {
        return;
    }
    if (terminal.has(lflag, ICANON)) {
        if (terminal.has(lflag, IEXTEN) && is(terminal, byte, VLNEXT)) {
            terminal.literal_next = true;
            if (terminal.has(lflag, ECHO)) {
                send(terminal, "^\b", 2);
            }
            return;
        }
        if (edit_line(terminal, byte)) {
            return;
        }
    }
    type_byte(terminal, byte);
}

bool input_ready_locked(const tty& terminal, size_t wanted) {
    if (terminal.has(lflag, ICANON)) {
        return terminal.canonical != terminal.tail;
    }
    return terminal.waiting() >= (wanted > 0 ? wanted : 1);
}

tty_taken take_input_locked(tty& terminal, char* to, size_t limit) {
    const bool canonical = terminal.has(lflag, ICANON);
    const uint32_t end = canonical ? terminal.canonical : terminal.head;
    size_t length = 0;
    while (terminal.tail != end && length < limit) {
        const uint32_t position = terminal.tail++;
        const bool ends_line = is_delimiter(terminal, position);
        const char byte = at(terminal, position);
        if (!ends_line || byte != '\0') { // Else it is an end of file, which is no byte.
            to[length++] = byte;
        }
        if (canonical && ends_line) {
            return {length, true};
        }
    }
    // A line that the buffer took exactly, followed by an end of file: that mark is used up, too.
    if (canonical && length == limit && terminal.tail != end && is_delimiter(terminal, terminal.tail) &&
        at(terminal, terminal.tail) == '\0') {
        terminal.tail++;
        return {length, true};
    }
    return {length, false};
}

void flush_input_locked(tty& terminal) {
    terminal.tail = terminal.canonical = terminal.head;
    terminal.literal_next = false;
}

void change_modes_locked(tty& terminal, const tty_modes& modes) {
    const bool was_canonical = terminal.has(lflag, ICANON);
    terminal.modes = modes;
    if (!was_canonical && terminal.has(lflag, ICANON)) {
        if (terminal.head != terminal.tail) { // What was typed ahead in raw mode can be read as a line.
            mark_delimiter(terminal, terminal.head - 1, true);
        }
        finish_line(terminal);
    }
    if (!terminal.has(iflag, IXON)) {
        terminal.output_stopped = false;
    }
}

} // namespace fs
