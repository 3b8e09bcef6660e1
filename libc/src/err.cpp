// Messages on stderr: <err.h>, <error.h>, assert().

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

constexpr int no_reason = -1;

/// "program: text: reason\n", under one lock so that threads do not mix.
void print(const char* format, va_list arguments, int error) {
    flockfile(stderr);
    fprintf(stderr, "%s", program_invocation_short_name);
    if (format != nullptr) {
        fputs(": ", stderr);
        vfprintf(stderr, format, arguments);
    }
    if (error != no_reason) {
        fprintf(stderr, ": %s", strerror(error));
    }
    fputc('\n', stderr);
    funlockfile(stderr);
}

} // namespace

extern "C" {

void vwarn(const char* format, va_list arguments) {
    print(format, arguments, errno);
}
void vwarnx(const char* format, va_list arguments) {
    print(format, arguments, no_reason);
}

void verr(int status, const char* format, va_list arguments) {
    vwarn(format, arguments);
    exit(status);
}

void verrx(int status, const char* format, va_list arguments) {
    vwarnx(format, arguments);
    exit(status);
}

void warn(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vwarn(format, arguments);
    va_end(arguments);
}

void warnx(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vwarnx(format, arguments);
    va_end(arguments);
}

void err(int status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    verr(status, format, arguments);
    va_end(arguments);
}

void errx(int status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    verrx(status, format, arguments);
    va_end(arguments);
}

void error(int status, int number, const char* format, ...) {
    fflush(stdout);
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments, number != 0 ? number : no_reason);
    va_end(arguments);
    if (status != 0) {
        exit(status);
    }
}

void __assert_fail(const char* condition, const char* file, unsigned int line, const char* function) {
    fprintf(stderr, "%s: %s:%u: %s: Assertion `%s' failed.\n", program_invocation_short_name, file, line,
            function, condition);
    abort();
}

} // extern "C"
