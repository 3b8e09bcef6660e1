#pragma once
// What the parts of scanf share: where characters come from, one parsed conversion, and how it ended.

#include "libc/src/internal/file.hpp"

#include <stdarg.h>

namespace libc {

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

struct scan_conversion {
    bool suppressed; // *
    bool allocated;  // m: the string comes from malloc
    long width;
    size_modifier size;
    char kind;
};

enum class outcome { stored, matched, mismatch, input_end };

/// Stores an integer of a conversion's size through the next argument.
void store_integer(argument_list& arguments, size_modifier size, long long value);

/// Scans an integer in a base; 0 decides by its prefix.
outcome scan_integer(character_source& source, const scan_conversion& wanted, argument_list& arguments,
                     int base);

/// Scans a floating-point number.
outcome scan_floating(character_source& source, const scan_conversion& wanted, argument_list& arguments);

} // namespace libc
