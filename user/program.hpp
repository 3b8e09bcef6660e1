#pragma once
// What nearly every program here needs and POSIX does not give: answering --help, complaining about a wrong
// command line, reading numbers from it, and writing all of a buffer. Errors are reported by err() and warn()
// of <err.h>, which print "name: what: reason".

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Status of a program called with a command line it does not understand.
constexpr int exit_usage = 2;

/// Prints `usage` and ends the program with 0 when the first argument is --help.
inline void answer_help(int argc, char** argv, const char* usage) {
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        exit(0);
    }
}

/// Prints `usage` on standard error and ends the program: the command line was wrong.
[[noreturn]] inline void usage_error(const char* usage) {
    fputs(usage, stderr);
    exit(exit_usage);
}

/// Reads a decimal number within [low, high] or ends the program, naming `what` was wrong.
inline long parse_number(const char* text, long low, long high, const char* what) {
    char* end = nullptr;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0) {
        errx(exit_usage, "%s: not a number: '%s'", what, text);
    }
    if (value < low || value > high) {
        errx(exit_usage, "%s: %s is not between %ld and %ld", what, text, low, high);
    }
    return value;
}

/// Writes all `size` bytes, however many calls it takes. False, with errno, when one fails.
inline bool write_all(int fd, const void* data, size_t size) {
    const char* next = static_cast<const char*>(data);
    while (size > 0) {
        ssize_t written = write(fd, next, size);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return false;
        }
        next += written;
        size -= static_cast<size_t>(written);
    }
    return true;
}

/// Flushes standard output; the status to return from main: `status`, or 1 when output was lost.
inline int finish(int status) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        warn("standard output");
        return 1;
    }
    return status;
}
