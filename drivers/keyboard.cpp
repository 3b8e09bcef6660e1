// The keyboard behind the 8042 controller, which translates to scan code set 1: a byte when a key goes
// down, the same with bit 7 set when it comes up, 0xe0 in front of the keys that the first PCs did not have
// (IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller").

#include "drivers/keyboard.hpp"

#include "kernel/abi/errno.h"
#include "kernel/arch/io.hpp"
#include "kernel/arch/irq.hpp"
#include "kernel/lib/string.hpp"

namespace drv {
namespace {

constexpr uint16_t data_port = 0x60;
constexpr uint16_t status_port = 0x64; ///< Commands, when written.
constexpr unsigned irq_line = 1;
constexpr uint8_t output_full = 0x01;
constexpr uint8_t input_full = 0x02;
constexpr uint8_t from_mouse = 0x20;
constexpr uint8_t enable_keyboard = 0xae;
constexpr unsigned longest_wait_reads = 10'000;

constexpr uint8_t released = 0x80;
constexpr uint8_t extended_prefix = 0xe0;
constexpr uint8_t key_left_shift = 0x2a, key_right_shift = 0x36, key_control = 0x1d, key_alt = 0x38,
                  key_caps_lock = 0x3a;

/// Characters by scan code 0x00 to 0x39; zero: none.
constexpr char plain[] = "\0\x1b"
                         "1234567890-=\x7f\tqwertyuiop[]\r\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
constexpr char shifted[] = "\0\x1b"
                           "!@#$%^&*()_+\x7f\tQWERTYUIOP{}\r\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
/// The number pad without Num Lock, and the extended keys of the same codes: 0x47 to 0x53.
constexpr const char* navigation[] = {"\033[H", "\033[A", "\033[5~", "-",       "\033[D",  "",       "\033[C",
                                      "+",      "\033[F", "\033[B",  "\033[6~", "\033[2~", "\033[3~"};
constexpr uint8_t first_navigation = 0x47;
constexpr const char* function_keys[] = {"\033OP",   "\033OQ",   "\033OR",   "\033OS",   "\033[15~",
                                         "\033[17~", "\033[18~", "\033[19~", "\033[20~", "\033[21~"};
constexpr uint8_t first_function = 0x3b;

// Touched in irq context only, once started.
void (*receive_hook)(const char* bytes, size_t length, void* context) = nullptr;
void* receive_context = nullptr;
bool extended = false;
bool shift = false, control = false, alt = false, caps_lock = false;

bool is_letter(char c) {
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

void send(const char* text) {
    const size_t length = strlen(text);
    if (length > 0) {
        receive_hook(text, length, receive_context);
    }
}

void send_character(char c) {
    if (control) { // The control characters are the letters' columns in ASCII.
        c = c == ' ' ? '\0' : static_cast<char>(c & 0x1f);
    }
    const char bytes[2] = {'\033', c};
    receive_hook(alt ? bytes : bytes + 1, alt ? 2 : 1, receive_context);
}

/// True if the key was one that changes others.
bool track_modifier(uint8_t code, bool down) {
    switch (code) {
    case key_left_shift:
    case key_right_shift:
        if (!extended) { // An extended one only brackets Print Screen and the like.
            shift = down;
        }
        return true;
    case key_control:
        control = down;
        return true;
    case key_alt:
        alt = down;
        return true;
    case key_caps_lock:
        caps_lock = down ? !caps_lock : caps_lock;
        return true;
    default:
        return false;
    }
}

void press(uint8_t code) {
    const unsigned navigation_index = code - first_navigation;
    const unsigned function_index = code - first_function;
    if (navigation_index < sizeof navigation / sizeof navigation[0]) {
        return send(navigation[navigation_index]);
    }
    if (function_index < sizeof function_keys / sizeof function_keys[0]) {
        return send(function_keys[function_index]);
    }
    if (code >= sizeof plain - 1 || plain[code] == '\0') {
        return;
    }
    const bool upper = shift != (caps_lock && is_letter(plain[code]));
    send_character(upper ? shifted[code] : plain[code]);
}

void take_scan_code(uint8_t byte) {
    if (byte == extended_prefix) {
        extended = true;
        return;
    }
    const auto code = static_cast<uint8_t>(byte & ~released);
    const bool down = (byte & released) == 0;
    if (!track_modifier(code, down) && down) {
        press(code);
    }
    extended = false;
}

void interrupt(void*) {
    uint8_t status = arch::inb(status_port);
    while ((status & output_full) != 0) {
        const uint8_t byte = arch::inb(data_port);
        if ((status & from_mouse) == 0) {
            take_scan_code(byte);
        }
        status = arch::inb(status_port);
    }
}

} // namespace

lib::result<void> start_keyboard(void (*receive)(const char* bytes, size_t length, void* context),
                                 void* context) {
    if (arch::inb(status_port) == 0xff) { // Nothing answers there: a machine without 8042.
        return lib::error{ENODEV};
    }
    receive_hook = receive;
    receive_context = context;
    for (unsigned reads = 0; (arch::inb(status_port) & input_full) != 0; reads++) {
        if (reads == longest_wait_reads) {
            return lib::error{ENODEV};
        }
    }
    arch::outb(status_port, enable_keyboard);
    TRY(arch::request_irq(irq_line, arch::irq_trigger::edge, interrupt, nullptr));
    interrupt(nullptr); // What was typed before makes no edge any more.
    return {};
}

} // namespace drv
