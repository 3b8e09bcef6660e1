// The scanf family.
//
// A conversion reads characters one by one from a source that can take one back, collects those that fit a
// number's form into a small buffer, and has strtol() or strtod() convert it. Numbers longer than the buffer
// (2,000 characters) are cut there.

#include "libc/src/internal/file.hpp"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace {

enum class size_modifier { none, char_size, short_size, long_size, long_double_size };

/// Where characters come from: a FILE, or a string when `file` is null.
class character_source {
public:
    explicit character_source(FILE* file) : file_(file) {}
    explicit character_source(const char* text) : text_(text) {}

    /// Next character, or EOF.
    int next() {
        int character = file_ != nullptr ? libc::get(*file_)
                        : *text_ != '\0' ? static_cast<unsigned char>(*text_++)
                                         : EOF;
        taken_ += character != EOF;
        return character;
    }

    /// Puts the last one back.
    void back(int character) {
        if (character == EOF) {
            return;
        }
        taken_--;
        if (file_ != nullptr) {
            libc::unget(*file_, static_cast<char>(character));
        } else {
            text_--;
        }
    }

    int peek() {
        int character = next();
        back(character);
        return character;
    }

    /// Characters taken so far.
    long taken() const { return taken_; }

private:
    FILE* file_ = nullptr;
    const char* text_ = nullptr;
    long taken_ = 0;
};

struct argument_list {
    va_list list;
};

struct conversion {
    bool suppressed; // *
    bool allocated;  // m: the string comes from malloc
    long width;
    size_modifier size;
    char kind;
};

enum class outcome { stored, matched, mismatch, input_end };

/// Collects the characters of a number.
class collector {
public:
    collector(character_source& source, long width) : source_(source), left_(width) {}

    /// Takes the next character if `accepts` and the width and buffer allow.
    template <typename F>
    bool take(F accepts) {
        if (left_ == 0 || length_ + 1 >= sizeof text_) {
            return false;
        }
        int character = source_.next();
        if (character == EOF || !accepts(character)) {
            source_.back(character);
            return false;
        }
        text_[length_++] = static_cast<char>(character);
        left_--;
        return true;
    }
    bool take_either(char one, char other) {
        return take([=](int character) { return character == one || character == other; });
    }
    /// Takes a word without regard to case; false if it goes on otherwise.
    bool take_word(const char* word) {
        for (; *word != '\0'; word++) {
            if (!take([=](int character) { return tolower(character) == *word; })) {
                return false;
            }
        }
        return true;
    }
    const char* text() {
        text_[length_] = '\0';
        return text_;
    }
    size_t length() const { return length_; }

private:
    character_source& source_;
    long left_;
    size_t length_ = 0;
    char text_[2000];
};

void skip_space(character_source& source) {
    int character;
    do {
        character = source.next();
    } while (character != EOF && isspace(character));
    source.back(character);
}

void store_integer(argument_list& arguments, size_modifier size, long long value) {
    switch (size) {
    case size_modifier::char_size:
        *va_arg(arguments.list, char*) = static_cast<char>(value);
        break;
    case size_modifier::short_size:
        *va_arg(arguments.list, short*) = static_cast<short>(value);
        break;
    case size_modifier::none:
        *va_arg(arguments.list, int*) = static_cast<int>(value);
        break;
    default:
        *va_arg(arguments.list, long long*) = value;
        break;
    }
}

/// Whether a digit belongs to a base; 0 decides by the first characters and is resolved before.
bool is_digit(int character, int base) {
    int value = isdigit(character)   ? character - '0'
                : isalpha(character) ? tolower(character) - 'a' + 10
                                     : 99;
    return value < base;
}

outcome scan_integer(character_source& source, const conversion& wanted, argument_list& arguments, int base) {
    collector number(source, wanted.width);
    number.take_either('-', '+');
    size_t sign = number.length();
    size_t prefix = 0;
    if ((base == 0 || base == 16) && number.take_either('0', '0')) {
        if (number.take_either('x', 'X')) {
            base = 16;
            prefix = 1; // "0x" without digits is no number, as glibc has it.
        } else if (base == 0) {
            base = 8;
        }
    }
    base = base == 0 ? 10 : base;
    size_t before = number.length();
    while (number.take([=](int character) { return is_digit(character, base); })) {
    }
    if (number.length() == sign || (prefix != 0 && number.length() == before)) {
        return source.peek() == EOF && number.length() == 0 ? outcome::input_end : outcome::mismatch;
    }
    if (wanted.suppressed) {
        return outcome::matched;
    }
    bool is_signed = wanted.kind == 'd' || wanted.kind == 'i';
    if (wanted.kind == 'p') {
        *va_arg(arguments.list, void**) = reinterpret_cast<void*>(strtoull(number.text(), nullptr, 16));
    } else {
        store_integer(arguments, wanted.size,
                      is_signed ? strtoll(number.text(), nullptr, base)
                                : static_cast<long long>(strtoull(number.text(), nullptr, base)));
    }
    return outcome::stored;
}

/// Collects a floating-point number's characters; false if they do not make one.
bool collect_floating(collector& number) {
    auto is_decimal = [](int character) { return isdigit(character) != 0; };
    auto is_hexadecimal = [](int character) { return isxdigit(character) != 0; };
    number.take_either('-', '+');
    if (number.take_either('i', 'I')) {
        return number.take_word("nf") && (!number.take_either('i', 'I') || number.take_word("nity"));
    }
    if (number.take_either('n', 'N')) {
        return number.take_word("an");
    }
    size_t sign = number.length();
    bool hexadecimal = number.take_either('0', '0') && number.take_either('x', 'X');
    size_t digits = hexadecimal ? 0 : number.length() - sign;
    auto take_digits = [&] {
        while (hexadecimal ? number.take(is_hexadecimal) : number.take(is_decimal)) {
            digits++;
        }
    };
    take_digits();
    if (number.take_either('.', '.')) {
        take_digits();
    }
    if (digits == 0) {
        return false;
    }
    if (hexadecimal ? number.take_either('p', 'P') : number.take_either('e', 'E')) {
        number.take_either('-', '+');
        if (!number.take(is_decimal)) {
            return false;
        }
        while (number.take(is_decimal)) {
        }
    }
    return true;
}

outcome scan_floating(character_source& source, const conversion& wanted, argument_list& arguments) {
    if (source.peek() == EOF) {
        return outcome::input_end;
    }
    collector number(source, wanted.width);
    if (!collect_floating(number)) {
        return outcome::mismatch;
    }
    if (wanted.suppressed) {
        return outcome::matched;
    }
    if (wanted.size == size_modifier::long_double_size) {
        *va_arg(arguments.list, long double*) = strtold(number.text(), nullptr);
    } else if (wanted.size == size_modifier::long_size) {
        *va_arg(arguments.list, double*) = strtod(number.text(), nullptr);
    } else {
        *va_arg(arguments.list, float*) = strtof(number.text(), nullptr);
    }
    return outcome::stored;
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

outcome scan_string(character_source& source, const conversion& wanted, argument_list& arguments,
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
conversion parse_conversion(const char*& format) {
    conversion wanted = {};
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

outcome convert(character_source& source, conversion wanted, const char*& format, argument_list& arguments) {
    if (wanted.kind != 'c' && wanted.kind != '[' && wanted.kind != 'n') {
        skip_space(source);
    }
    acceptance everything;
    memset(&everything, 0xff, sizeof everything);
    switch (wanted.kind) {
    case 'd':
    case 'u':
        return scan_integer(source, wanted, arguments, 10);
    case 'i':
        return scan_integer(source, wanted, arguments, 0);
    case 'o':
        return scan_integer(source, wanted, arguments, 8);
    case 'x':
    case 'X':
    case 'p':
        return scan_integer(source, wanted, arguments, 16);
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        return scan_floating(source, wanted, arguments);
    case 's':
        return scan_string(source, wanted, arguments, not_space(), true);
    case '[':
        return scan_string(source, wanted, arguments, parse_set(format), true);
    case 'c':
        wanted.width = wanted.width < 0 ? 1 : wanted.width;
        return scan_string(source, wanted, arguments, everything, false);
    case 'n':
        if (!wanted.suppressed) {
            store_integer(arguments, wanted.size, source.taken());
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
            conversion wanted = parse_conversion(format);
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
