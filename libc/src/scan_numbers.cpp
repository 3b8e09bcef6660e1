// The numbers of scanf: characters that fit a number's form are collected into a small buffer, which strtol()
// or strtod() converts. Numbers longer than the buffer (2,000 characters) are cut there.

#include "libc/src/internal/scan.hpp"

#include <ctype.h>
#include <stdlib.h>

namespace libc {

namespace {

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

/// Whether a digit belongs to a base; 0 decides by the first characters and is resolved before.
bool is_digit(int character, int base) {
    int value = isdigit(character)   ? character - '0'
                : isalpha(character) ? tolower(character) - 'a' + 10
                                     : 99;
    return value < base;
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

} // namespace

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

outcome scan_integer(character_source& source, const scan_conversion& wanted, argument_list& arguments,
                     int base) {
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

outcome scan_floating(character_source& source, const scan_conversion& wanted, argument_list& arguments) {
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

} // namespace libc
