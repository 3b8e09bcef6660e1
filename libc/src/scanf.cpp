// The scanf family.
//
// A conversion reads characters one by one from a source that can take one back. Strings and sets are here,
// numbers in scan_numbers.cpp.

#include "libc/src/internal/scan.hpp"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace {

using libc::argument_list;
using libc::character_source;
using libc::outcome;
using libc::scan_conversion;
using libc::size_modifier;

void skip_space(character_source& source) {
    int character;
    do {
        character = source.next();
    } while (character != EOF && isspace(character));
    source.back(character);
}

/// The characters a %s, %c or %[ accepts.
struct acceptance {
    uint64_t bits[4];
    bool has(int character) const { return (bits[character / 64] >> (character % 64) & 1) != 0; }
    void add(int character) { bits[character / 64] |= 1ull << (character % 64); }
};

/// Parses "[a-z]" from behind the bracket; leaves `format` behind the closing one.
acceptance parse_set(const char*& format) {
    acceptance set = {};
    bool inverted = *format == '^';
    format += inverted;
    const char* start = format;
    for (; *format != '\0' && (*format != ']' || format == start); format++) {
        int low = static_cast<unsigned char>(*format);
        int high = low;
        if (format[1] == '-' && format[2] != ']' && format[2] != '\0') {
            high = static_cast<unsigned char>(format[2]);
            format += 2;
        }
        for (int character = low; character <= high; character++) {
            set.add(character);
        }
    }
    format += *format == ']';
    for (uint64_t& bits : set.bits) {
        bits = inverted ? ~bits : bits;
    }
    return set;
}

acceptance not_space() {
    acceptance set;
    memset(&set, 0xff, sizeof set);
    for (const char* space = " \t\n\v\f\r"; *space != '\0'; space++) {
        set.bits[0] &= ~(1ull << *space);
    }
    return set;
}

outcome scan_string(character_source& source, const scan_conversion& wanted, argument_list& arguments,
                    const acceptance& set, bool terminated) {
    if (source.peek() == EOF) {
        return outcome::input_end;
    }
    char** owner = wanted.allocated && !wanted.suppressed ? va_arg(arguments.list, char**) : nullptr;
    char* to = wanted.suppressed || owner != nullptr ? nullptr : va_arg(arguments.list, char*);
    char* grown = nullptr;
    size_t length = 0, room = 0;
    while (static_cast<long>(length) != wanted.width) {
        int character = source.next();
        if (character == EOF || !set.has(character)) {
            source.back(character);
            break;
        }
        if (owner != nullptr && length + 2 > room) {
            room = room * 2 + 32;
            auto* larger = static_cast<char*>(realloc(grown, room));
            if (larger == nullptr) {
                free(grown);
                return outcome::input_end;
            }
            to = grown = larger;
        }
        if (to != nullptr) {
            to[length] = static_cast<char>(character);
        }
        length++;
    }
    if (length == 0 || (!terminated && static_cast<long>(length) < wanted.width)) {
        free(grown);
        return outcome::mismatch;
    }
    if (terminated && to != nullptr) {
        to[length] = '\0';
    }
    if (owner != nullptr) {
        *owner = grown;
    }
    return wanted.suppressed ? outcome::matched : outcome::stored;
}

size_modifier parse_size(const char*& format) {
    switch (*format) {
    case 'h':
        format++;
        if (*format == 'h') {
            format++;
            return size_modifier::char_size;
        }
        return size_modifier::short_size;
    case 'l':
        format += format[1] == 'l' ? 2 : 1;
        return size_modifier::long_size;
    case 'L':
        format++;
        return size_modifier::long_double_size;
    case 'j':
    case 'z':
    case 't':
    case 'q':
        format++;
        return size_modifier::long_size;
    default:
        return size_modifier::none;
    }
}

/// Parses what stands behind a percent sign up to the letter.
scan_conversion parse_conversion(const char*& format) {
    scan_conversion wanted = {};
    wanted.suppressed = *format == '*';
    format += wanted.suppressed;
    wanted.width = -1;
    if (isdigit(static_cast<unsigned char>(*format))) {
        char* end;
        wanted.width = strtol(format, &end, 10);
        format = end;
    }
    wanted.allocated = *format == 'm';
    format += wanted.allocated;
    wanted.size = parse_size(format);
    wanted.kind = *format;
    format += *format != '\0';
    return wanted;
}

outcome convert(character_source& source, scan_conversion wanted, const char*& format,
                argument_list& arguments) {
    if (wanted.kind != 'c' && wanted.kind != '[' && wanted.kind != 'n') {
        skip_space(source);
    }
    acceptance everything;
    memset(&everything, 0xff, sizeof everything);
    switch (wanted.kind) {
    case 'd':
    case 'u':
        return libc::scan_integer(source, wanted, arguments, 10);
    case 'i':
        return libc::scan_integer(source, wanted, arguments, 0);
    case 'o':
        return libc::scan_integer(source, wanted, arguments, 8);
    case 'x':
    case 'X':
    case 'p':
        return libc::scan_integer(source, wanted, arguments, 16);
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        return libc::scan_floating(source, wanted, arguments);
    case 's':
        return scan_string(source, wanted, arguments, not_space(), true);
    case '[':
        return scan_string(source, wanted, arguments, parse_set(format), true);
    case 'c':
        wanted.width = wanted.width < 0 ? 1 : wanted.width;
        return scan_string(source, wanted, arguments, everything, false);
    case 'n':
        if (!wanted.suppressed) {
            libc::store_integer(arguments, wanted.size, source.taken());
        }
        return outcome::matched;
    case '%': {
        int character = source.next();
        if (character == '%') {
            return outcome::matched;
        }
        source.back(character);
        return character == EOF ? outcome::input_end : outcome::mismatch;
    }
    default:
        return outcome::mismatch;
    }
}

int scan(character_source& source, const char* format, va_list list) {
    argument_list arguments;
    va_copy(arguments.list, list);
    int stored = 0;
    while (*format != '\0') {
        if (isspace(static_cast<unsigned char>(*format))) {
            skip_space(source);
            format++;
            continue;
        }
        outcome result = outcome::matched;
        if (*format != '%') {
            int character = source.next();
            if (character != static_cast<unsigned char>(*format++)) {
                source.back(character);
                result = character == EOF ? outcome::input_end : outcome::mismatch;
            }
        } else {
            format++;
            scan_conversion wanted = parse_conversion(format);
            result = convert(source, wanted, format, arguments);
        }
        stored += result == outcome::stored;
        if (result == outcome::mismatch || result == outcome::input_end) {
            stored = result == outcome::input_end && stored == 0 ? EOF : stored;
            break;
        }
    }
    va_end(arguments.list);
    return stored;
}

} // namespace

extern "C" {

int vsscanf(const char* text, const char* format, va_list arguments) {
    character_source source(text);
    return scan(source, format, arguments);
}

int vfscanf(FILE* file, const char* format, va_list arguments) {
    libc::file_guard hold(file);
    character_source source(file);
    return scan(source, format, arguments);
}

int vscanf(const char* format, va_list arguments) {
    return vfscanf(stdin, format, arguments);
}

int scanf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int stored = vfscanf(stdin, format, arguments);
    va_end(arguments);
    return stored;
}

int fscanf(FILE* file, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int stored = vfscanf(file, format, arguments);
    va_end(arguments);
    return stored;
}

int sscanf(const char* text, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int stored = vsscanf(text, format, arguments);
    va_end(arguments);
    return stored;
}

} // extern "C"
