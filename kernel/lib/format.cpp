// A small printf. The text is walked once: plain characters go to the output, each %... is parsed into a
// conversion and printed by kind. The output counts what does not fit, so callers can tell truncation.

#include "kernel/lib/format.hpp"

#include <cstdint>

namespace lib {
namespace {

/// The caller's buffer; keeps one byte for the final NUL.
struct output {
    char* buffer;
    size_t size_bytes;
    size_t length = 0;

    void put(char character) {
        if (length + 1 < size_bytes) {
            buffer[length] = character;
        }
        ++length;
    }
    void put_repeated(char character, int times) {
        for (; times > 0; --times) {
            put(character);
        }
    }
};

enum class size_modifier : uint8_t { char_sized, short_sized, int_sized, long_sized };

/// One %..., parsed.
struct conversion {
    bool left = false;
    bool zero = false;
    bool space = false;
    bool plus = false;
    bool alternate = false;
    int width = 0;
    int precision = -1; ///< -1: none given.
    size_modifier size = size_modifier::int_sized;
};

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

const char* parse_flags(const char* text, conversion& what) {
    for (;; ++text) {
        switch (*text) {
        case '-':
            what.left = true;
            break;
        case '0':
            what.zero = true;
            break;
        case ' ':
            what.space = true;
            break;
        case '+':
            what.plus = true;
            break;
        case '#':
            what.alternate = true;
            break;
        default:
            return text;
        }
    }
}

const char* parse_number(const char* text, int& number) {
    number = 0;
    while (is_digit(*text)) {
        number = number * 10 + (*text++ - '0');
    }
    return text;
}

/// Width and precision, each a number or '*' for the next argument.
const char* parse_width(const char* text, conversion& what, va_list* arguments) {
    if (*text == '*') {
        what.width = va_arg(*arguments, int);
        if (what.width < 0) { // As C has it: a negative width is the flag "-".
            what.left = true;
            what.width = -what.width;
        }
        ++text;
    } else {
        text = parse_number(text, what.width);
    }
    if (*text != '.') {
        return text;
    }
    ++text;
    if (*text == '*') {
        what.precision = va_arg(*arguments, int);
        return text + 1;
    }
    return parse_number(text, what.precision);
}

const char* parse_size(const char* text, conversion& what) {
    if (text[0] == 'h') {
        what.size = text[1] == 'h' ? size_modifier::char_sized : size_modifier::short_sized;
        return text + (text[1] == 'h' ? 2 : 1);
    }
    if (text[0] == 'l' || text[0] == 'z') {
        what.size = size_modifier::long_sized;
        return text + (text[1] == 'l' ? 2 : 1);
    }
    return text;
}

uint64_t take_unsigned(va_list* arguments, size_modifier size) {
    switch (size) {
    case size_modifier::char_sized:
        return static_cast<unsigned char>(va_arg(*arguments, unsigned));
    case size_modifier::short_sized:
        return static_cast<unsigned short>(va_arg(*arguments, unsigned));
    case size_modifier::int_sized:
        return va_arg(*arguments, unsigned);
    case size_modifier::long_sized:
        return va_arg(*arguments, unsigned long);
    }
    return 0;
}

int64_t take_signed(va_list* arguments, size_modifier size) {
    switch (size) {
    case size_modifier::char_sized:
        return static_cast<signed char>(va_arg(*arguments, int));
    case size_modifier::short_sized:
        return static_cast<short>(va_arg(*arguments, int));
    case size_modifier::int_sized:
        return va_arg(*arguments, int);
    case size_modifier::long_sized:
        return va_arg(*arguments, long);
    }
    return 0;
}

void put_string(output& out, const conversion& what, const char* text) {
    if (text == nullptr) {
        text = "(null)";
    }
    int length = 0;
    while ((what.precision < 0 || length < what.precision) && text[length] != '\0') {
        ++length;
    }
    if (!what.left) {
        out.put_repeated(' ', what.width - length);
    }
    for (int index = 0; index < length; ++index) {
        out.put(text[index]);
    }
    if (what.left) {
        out.put_repeated(' ', what.width - length);
    }
}

/// A number is: blanks, prefix (sign or 0x), zeroes, digits, blanks.
void put_number(output& out, const conversion& what, uint64_t value, unsigned base, const char* prefix,
                bool capitals = false) {
    const char* const digit_characters = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[24]; // 64 bits in octal are 22 digits.
    int digit_count = 0;
    for (; value != 0; value /= base) {
        digits[digit_count++] = digit_characters[value % base];
    }
    if (digit_count == 0 && what.precision != 0) {
        digits[digit_count++] = '0';
    }
    int prefix_length = 0;
    while (prefix[prefix_length] != '\0') {
        ++prefix_length;
    }
    int zeroes = what.precision > digit_count ? what.precision - digit_count : 0;
    if (what.zero && !what.left && what.precision < 0 && what.width > prefix_length + digit_count) {
        zeroes = what.width - prefix_length - digit_count;
    }
    const int blanks = what.width - prefix_length - zeroes - digit_count;
    if (!what.left) {
        out.put_repeated(' ', blanks);
    }
    for (int index = 0; index < prefix_length; ++index) {
        out.put(prefix[index]);
    }
    out.put_repeated('0', zeroes);
    while (digit_count > 0) {
        out.put(digits[--digit_count]);
    }
    if (what.left) {
        out.put_repeated(' ', blanks);
    }
}

void put_signed(output& out, const conversion& what, int64_t value) {
    const char* const prefix = value < 0 ? "-" : what.plus ? "+" : what.space ? " " : "";
    const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    put_number(out, what, magnitude, 10, prefix);
}

void put_hexadecimal(output& out, const conversion& what, uint64_t value, bool capitals) {
    const char* const prefix = !what.alternate || value == 0 ? "" : capitals ? "0X" : "0x";
    put_number(out, what, value, 16, prefix, capitals);
}

void put_octal(output& out, const conversion& what, uint64_t value) {
    put_number(out, what, value, 8, what.alternate && value != 0 ? "0" : "");
}

/// Prints one conversion; text points behind its flags, width and size. Returns the text behind it.
const char* put_conversion(output& out, const conversion& what, const char* text, va_list* arguments) {
    switch (*text) {
    case 'd':
    case 'i':
        put_signed(out, what, take_signed(arguments, what.size));
        break;
    case 'u':
        put_number(out, what, take_unsigned(arguments, what.size), 10, "");
        break;
    case 'o':
        put_octal(out, what, take_unsigned(arguments, what.size));
        break;
    case 'x':
        put_hexadecimal(out, what, take_unsigned(arguments, what.size), false);
        break;
    case 'X':
        put_hexadecimal(out, what, take_unsigned(arguments, what.size), true);
        break;
    case 'p':
        put_number(out, what, reinterpret_cast<uint64_t>(va_arg(*arguments, void*)), 16, "0x");
        break;
    case 's':
        put_string(out, what, va_arg(*arguments, const char*));
        break;
    case 'c': {
        const char text_of_one[2] = {static_cast<char>(va_arg(*arguments, int)), '\0'};
        conversion one = what;
        one.precision = -1;
        put_string(out, one, text_of_one);
        break;
    }
    case '%':
        out.put('%');
        break;
    case '\0':
        return text;
    default: // Not ours: show it as it stands.
        out.put('%');
        out.put(*text);
    }
    return text + 1;
}

} // namespace

size_t format_arguments(char* buffer, size_t size_bytes, const char* text, va_list arguments) {
    output out{buffer, size_bytes};
    va_list remaining;
    va_copy(remaining, arguments);
    while (*text != '\0') {
        if (*text != '%') {
            out.put(*text++);
            continue;
        }
        conversion what;
        text = parse_flags(text + 1, what);
        text = parse_width(text, what, &remaining);
        text = put_conversion(out, what, parse_size(text, what), &remaining);
    }
    va_end(remaining);
    if (size_bytes != 0) {
        buffer[out.length < size_bytes ? out.length : size_bytes - 1] = '\0';
    }
    return out.length;
}

size_t format(char* buffer, size_t size_bytes, const char* text, ...) {
    va_list arguments;
    va_start(arguments, text);
    const size_t length = format_arguments(buffer, size_bytes, text, arguments);
    va_end(arguments);
    return length;
}

} // namespace lib
