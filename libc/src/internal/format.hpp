#pragma once
// The formatter behind the printf family: turns a format and its arguments into pieces of text for a sink.

#include <stdarg.h>
#include <stddef.h>

namespace libc {

/// Where formatted text goes. `length` counts everything offered, also what the receiver had no room for.
struct text_sink {
    void (*write)(text_sink& sink, const char* data, size_t size);
    size_t length = 0;

    void put(const char* data, size_t size) {
        length += size;
        if (size > 0) {
            write(*this, data, size);
        }
    }
    void put(char character) { put(&character, 1); }
    void fill(char character, long count);
};

/// One conversion of a format: "%-08.3lf".
struct conversion {
    bool left;      // -
    bool plus;      // +
    bool space;     // ' '
    bool alternate; // #
    bool zero;      // 0
    int width;
    int precision; // -1: not given
    char kind;     // the letter
};

/// Formats. -1 with errno (EOVERFLOW) when the text is longer than an int can say, else its length.
int format(text_sink& sink, const char* text, va_list arguments);

/// Puts sign or prefix, `body` and padding in the order the conversion asks for.
void put_padded(text_sink& sink, const conversion& wanted, const char* prefix, const char* body, size_t size,
                bool zero_padding);

/// Puts a floating-point number: e, f, g, a or their capitals.
void put_floating(text_sink& sink, const conversion& wanted, long double value, bool is_long_double);

} // namespace libc
