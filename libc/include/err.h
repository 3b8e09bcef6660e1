#pragma once
/* Messages "program: text: reason" on stderr. */

#include <stdarg.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Prints the message with errno's reason and exits.
void err(int status, const char* format, ...) __printf_format(2, 3) __no_return;
/// Prints the message and exits.
void errx(int status, const char* format, ...) __printf_format(2, 3) __no_return;
/// Prints the message with errno's reason.
void warn(const char* format, ...) __printf_format(1, 2);
/// Prints the message.
void warnx(const char* format, ...) __printf_format(1, 2);
/// err() with a va_list.
void verr(int status, const char* format, va_list arguments) __printf_format(2, 0) __no_return;
/// errx() with a va_list.
void verrx(int status, const char* format, va_list arguments) __printf_format(2, 0) __no_return;
/// warn() with a va_list.
void vwarn(const char* format, va_list arguments) __printf_format(1, 0);
/// warnx() with a va_list.
void vwarnx(const char* format, va_list arguments) __printf_format(1, 0);

__END_DECLS
