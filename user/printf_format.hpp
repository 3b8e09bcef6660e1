#pragma once
// The formats of the printf command and the escapes it shares with echo -e: one implementation for the
// shell's builtins and the programs.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Prints one escape sequence that starts at the backslash; what follows it. `\c` sets `stop`.
inline const char* print_escape(const char* text, bool& stop) {
    static const char names[] = "abfnrtv\\e";
    static const char values[] = "\a\b\f\n\r\t\v\\\033";
    const char* next = text + 1;
    if (*next == 'c') {
        stop = true;
        return next + 1;
    }
    if (*next >= '0' && *next <= '7') {
        int value = 0;
        int limit = *next == '0' ? 4 : 3;
        for (int i = 0; i < limit && *next >= '0' && *next <= '7'; i++) {
            value = value * 8 + (*next++ - '0');
        }
        putchar(value);
        return next;
    }
    const char* found = *next != '\0' ? strchr(names, *next) : nullptr;
    if (found == nullptr) {
        putchar('\\');
        return next;
    }
    putchar(values[found - names]);
    return next + 1;
}

/// Prints text with its escapes; false when \c ended all output.
inline bool print_escaped(const char* text) {
    bool stop = false;
    while (*text != '\0' && !stop) {
        if (*text == '\\') {
            text = print_escape(text, stop);
        } else {
            putchar(*text++);
        }
    }
    return !stop;
}

class printf_format {
public:
    printf_format(const char* format, int count, char** words)
        : format_(format), next_(words), end_(words + count) {}

    /// Prints the format, again and again while it uses up words. The exit status.
    int run() {
        char** before;
        do {
            before = next_;
            once();
        } while (next_ != end_ && next_ != before && !stop_);
        return status_;
    }

private:
    void once() {
        for (const char* c = format_; *c != '\0' && !stop_;) {
            if (*c == '\\') {
                c = print_escape(c, stop_);
            } else if (*c != '%') {
                putchar(*c++);
            } else if (c[1] == '%') {
                putchar('%');
                c += 2;
            } else {
                c = conversion(c);
            }
        }
    }
    const char* conversion(const char* start) {
        char directive[48] = "";
        int stars[2] = {0, 0};
        int star_count = 0;
        const char* end = start + 1;
        for (; *end != '\0' && strchr("-+ #0123456789.*", *end) != nullptr; end++) {
            if (*end == '*' && star_count < 2) {
                stars[star_count++] = static_cast<int>(number(word()));
            }
        }
        size_t length = static_cast<size_t>(end - start);
        if (*end == '\0' || length > 32) {
            return fail(start);
        }
        memcpy(directive, start, length);
        switch (*end) {
        case 'd':
        case 'i':
        case 'o':
        case 'u':
        case 'x':
        case 'X':
            strcat(directive, "l");
            strncat(directive, end, 1);
            print(directive, stars, star_count, number(word()));
            break;
        case 'c':
            strcat(directive, "c");
            print(directive, stars, star_count, static_cast<int>(*word()));
            break;
        case 's':
            strcat(directive, "s");
            print(directive, stars, star_count, word());
            break;
        case 'b':
            stop_ = !print_escaped(word());
            break;
        default:
            return fail(start);
        }
        return end + 1;
    }
    template <class T>
    static void print(const char* directive, const int* stars, int star_count, T value) {
        if (star_count == 0) {
            printf(directive, value);
        } else if (star_count == 1) {
            printf(directive, stars[0], value);
        } else {
            printf(directive, stars[0], stars[1], value);
        }
    }
    const char* word() { return next_ != end_ ? *next_++ : ""; }
    long number(const char* text) {
        if (*text == '\'' || *text == '"') {
            return static_cast<unsigned char>(text[1]);
        }
        char* end = nullptr;
        long value = strtol(text, &end, 0);
        if (*end != '\0') {
            fprintf(stderr, "printf: %s: not a number\n", text);
            status_ = 1;
        }
        return value;
    }
    const char* fail(const char* directive) {
        fprintf(stderr, "printf: %s: invalid directive\n", directive);
        status_ = 1;
        stop_ = true;
        return directive;
    }

    const char* format_;
    char** next_;
    char** end_;
    int status_ = 0;
    bool stop_ = false;
};

/// Runs the printf command.
inline int run_printf(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "--") == 0) {
        argc--;
        argv++;
    }
    if (argc < 2) {
        fputs("usage: printf FORMAT [ARGUMENT...]\n", stderr);
        return 2;
    }
    return printf_format(argv[1], argc - 2, argv + 2).run();
}

/// Runs the echo command: -n no newline, -e escapes, -E none (the default).
inline int run_echo(int argc, char** argv) {
    bool newline = true;
    bool escapes = false;
    int next = 1;
    for (; next < argc && argv[next][0] == '-' && argv[next][1] != '\0'; next++) {
        if (strspn(argv[next] + 1, "neE") != strlen(argv[next] + 1)) {
            break;
        }
        for (const char* option = argv[next] + 1; *option != '\0'; option++) {
            newline = newline && *option != 'n';
            escapes = *option == 'e' || (escapes && *option != 'E');
        }
    }
    for (int i = next; i < argc; i++) {
        if (i > next) {
            putchar(' ');
        }
        if (!escapes) {
            fputs(argv[i], stdout);
        } else if (!print_escaped(argv[i])) {
            return 0;
        }
    }
    if (newline) {
        putchar('\n');
    }
    return 0;
}
