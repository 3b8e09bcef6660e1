// The formatter of the printf family, without floating point, which is in format_floating.cpp.
//
// format() copies plain text, parses each conversion into a `struct conversion` plus an argument size, and
// calls the function for its letter. No buffer is needed beyond the digits of one integer, because pieces go
// to the sink as they arise.

#include "libc/src/internal/format.hpp"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

namespace libc {

namespace {

enum class size_modifier {
    none,
    char_size,
    short_size,
    long_size,
    long_long_size,
    max_size,
    long_double_size
};

// va_list as a member, so that functions can take it by reference on every ABI.
struct argument_list {
    va_list list;
};

int parse_number(const char*& text) {
    long value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (*text - '0');
        if (value > INT_MAX) {
            value = INT_MAX;
        }
    }
    return static_cast<int>(value);
}

int number_or_argument(const char*& text, argument_list& arguments) {
    if (*text == '*') {
        text++;
        return va_arg(arguments.list, int);
    }
    return parse_number(text);
}

void parse_flags(const char*& text, conversion& wanted) {
    for (;; text++) {
        switch (*text) {
        case '-':
            wanted.left = true;
            break;
        case '+':
            wanted.plus = true;
            break;
        case ' ':
            wanted.space = true;
            break;
        case '#':
            wanted.alternate = true;
            break;
        case '0':
            wanted.zero = true;
            break;
        case '\'': // Thousands are not separated in the "C" locale.
            break;
        default:
            return;
        }
    }
}

size_modifier parse_size(const char*& text) {
    switch (*text) {
    case 'h':
        text++;
        if (*text == 'h') {
            text++;
            return size_modifier::char_size;
        }
        return size_modifier::short_size;
    case 'l':
        text++;
        if (*text == 'l') {
            text++;
            return size_modifier::long_long_size;
        }
        return size_modifier::long_size;
    case 'q':
    case 'j':
    case 'z':
    case 't':
        text++;
        return size_modifier::max_size;
    case 'L':
        text++;
        return size_modifier::long_double_size;
    default:
        return size_modifier::none;
    }
}

long long signed_argument(argument_list& arguments, size_modifier size) {
    switch (size) {
    case size_modifier::char_size:
        return static_cast<signed char>(va_arg(arguments.list, int));
    case size_modifier::short_size:
        return static_cast<short>(va_arg(arguments.list, int));
    case size_modifier::none:
        return va_arg(arguments.list, int);
    default:
        return va_arg(arguments.list, long long);
    }
}

unsigned long long unsigned_argument(argument_list& arguments, size_modifier size) {
    switch (size) {
    case size_modifier::char_size:
        return static_cast<unsigned char>(va_arg(arguments.list, unsigned));
    case size_modifier::short_size:
        return static_cast<unsigned short>(va_arg(arguments.list, unsigned));
    case size_modifier::none:
        return va_arg(arguments.list, unsigned);
    default:
        return va_arg(arguments.list, unsigned long long);
    }
}

constexpr size_t most_digits = 22; // 2^64 in octal

/// Writes digits backwards from `end`; the first one's place. Zero has none.
char* write_digits(char* end, unsigned long long value, unsigned radix, bool capitals) {
    const char* digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
    for (; value > 0; value /= radix) {
        *--end = digits[value % radix];
    }
    return end;
}

/// Digits with the precision's leading zeros, prefix and padding.
void put_integer(text_sink& sink, const conversion& wanted, const char* prefix, unsigned long long value,
                 unsigned radix) {
    char buffer[most_digits];
    char* end = buffer + most_digits;
    char* first = write_digits(end, value, radix, wanted.kind == 'X');
    auto digits = static_cast<int>(end - first);
    int zeros = wanted.precision >= 0 ? wanted.precision - digits : digits == 0;
    if (radix == 8 && wanted.alternate && zeros <= 0 && (digits == 0 || *first != '0')) {
        zeros = 1;
    }
    auto prefix_size = static_cast<int>(strlen(prefix));
    int padding = wanted.width - prefix_size - (zeros > 0 ? zeros : 0) - digits;
    bool zero_padding = wanted.zero && !wanted.left && wanted.precision < 0;
    if (!wanted.left && !zero_padding) {
        sink.fill(' ', padding);
    }
    sink.put(prefix, static_cast<size_t>(prefix_size));
    sink.fill('0', zero_padding ? padding : 0);
    sink.fill('0', zeros);
    sink.put(first, static_cast<size_t>(digits));
    sink.fill(' ', wanted.left ? padding : 0);
}

void put_signed(text_sink& sink, const conversion& wanted, long long value) {
    const char* sign = value < 0 ? "-" : wanted.plus ? "+" : wanted.space ? " " : "";
    unsigned long long magnitude = static_cast<unsigned long long>(value);
    put_integer(sink, wanted, sign, value < 0 ? 0 - magnitude : magnitude, 10);
}

void put_unsigned(text_sink& sink, const conversion& wanted, unsigned long long value) {
    switch (wanted.kind) {
    case 'o':
        return put_integer(sink, wanted, "", value, 8);
    case 'u':
        return put_integer(sink, wanted, "", value, 10);
    default:
        return put_integer(sink, wanted,
                           value == 0 || !wanted.alternate ? ""
                           : wanted.kind == 'X'            ? "0X"
                                                           : "0x",
                           value, 16);
    }
}

void put_pointer(text_sink& sink, conversion wanted, const void* pointer) {
    if (pointer == nullptr) {
        return put_padded(sink, wanted, "", "(nil)", 5, false);
    }
    wanted.kind = 'x';
    wanted.alternate = true;
    put_unsigned(sink, wanted, reinterpret_cast<uintptr_t>(pointer));
}

void put_string(text_sink& sink, const conversion& wanted, const char* text) {
    if (text == nullptr) {
        text = wanted.precision >= 0 && wanted.precision < 6 ? "" : "(null)";
    }
    size_t size = wanted.precision >= 0 ? strnlen(text, static_cast<size_t>(wanted.precision)) : strlen(text);
    put_padded(sink, wanted, "", text, size, false);
}

/// Stores the length so far, for %n.
void store_length(argument_list& arguments, size_modifier size, size_t length) {
    switch (size) {
    case size_modifier::char_size:
        *va_arg(arguments.list, signed char*) = static_cast<signed char>(length);
        break;
    case size_modifier::short_size:
        *va_arg(arguments.list, short*) = static_cast<short>(length);
        break;
    case size_modifier::none:
        *va_arg(arguments.list, int*) = static_cast<int>(length);
        break;
    default:
        *va_arg(arguments.list, long*) = static_cast<long>(length);
        break;
    }
}

/// Carries out one conversion; false when its letter is unknown.
bool convert(text_sink& sink, const conversion& wanted, size_modifier size, argument_list& arguments) {
    switch (wanted.kind) {
    case 'd':
    case 'i':
        put_signed(sink, wanted, signed_argument(arguments, size));
        return true;
    case 'o':
    case 'u':
    case 'x':
    case 'X':
        put_unsigned(sink, wanted, unsigned_argument(arguments, size));
        return true;
    case 'c': {
        char character = static_cast<char>(va_arg(arguments.list, int));
        put_padded(sink, wanted, "", &character, 1, false);
        return true;
    }
    case 's':
        put_string(sink, wanted, va_arg(arguments.list, const char*));
        return true;
    case 'p':
        put_pointer(sink, wanted, va_arg(arguments.list, const void*));
        return true;
    case 'm':
        put_string(sink, wanted, strerror(errno));
        return true;
    case 'n':
        store_length(arguments, size, sink.length);
        return true;
    case '%':
        sink.put('%');
        return true;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case 'a':
    case 'A': {
        bool is_long = size == size_modifier::long_double_size;
        long double value = is_long ? va_arg(arguments.list, long double) : va_arg(arguments.list, double);
        put_floating(sink, wanted, value, is_long);
        return true;
    }
    default:
        return false;
    }
}

/// Parses and carries out the conversion after a percent sign. An unknown one is printed as it stands.
void format_one(text_sink& sink, const char*& text, argument_list& arguments) {
    const char* start = text - 1;
    conversion wanted = {};
    wanted.precision = -1;
    parse_flags(text, wanted);
    wanted.width = number_or_argument(text, arguments);
    if (wanted.width < 0) {
        wanted.left = true;
        wanted.width = wanted.width == INT_MIN ? INT_MAX : -wanted.width;
    }
    if (*text == '.') {
        text++;
        wanted.precision = number_or_argument(text, arguments); // A negative argument counts as none.
        wanted.precision = wanted.precision < 0 ? -1 : wanted.precision;
    }
    size_modifier size = parse_size(text);
    wanted.kind = *text;
    if (*text != '\0') {
        text++;
    }
    if (!convert(sink, wanted, size, arguments)) {
        sink.put(start, static_cast<size_t>(text - start));
    }
}

} // namespace

void text_sink::fill(char character, long count) {
    char block[32];
    if (count > 0) {
        memset(block, character, sizeof block);
    }
    for (; count > 0; count -= static_cast<long>(sizeof block)) {
        put(block, count < static_cast<long>(sizeof block) ? static_cast<size_t>(count) : sizeof block);
    }
}

void put_padded(text_sink& sink, const conversion& wanted, const char* prefix, const char* body, size_t size,
                bool zero_padding) {
    size_t prefix_size = strlen(prefix);
    long padding = wanted.width - static_cast<long>(prefix_size + size);
    if (!wanted.left && !zero_padding) {
        sink.fill(' ', padding);
    }
    sink.put(prefix, prefix_size);
    if (!wanted.left && zero_padding) {
        sink.fill('0', padding);
    }
    sink.put(body, size);
    if (wanted.left) {
        sink.fill(' ', padding);
    }
}

int format(text_sink& sink, const char* text, va_list list) {
    argument_list arguments;
    va_copy(arguments.list, list);
    while (*text != '\0') {
        const char* percent = strchrnul(text, '%');
        sink.put(text, static_cast<size_t>(percent - text));
        text = percent;
        if (*text == '%') {
            text++;
            format_one(sink, text, arguments);
        }
    }
    va_end(arguments.list);
    if (sink.length > INT_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    return static_cast<int>(sink.length);
}

} // namespace libc
