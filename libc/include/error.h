#pragma once
/* GNU's error(): a message on stderr, then perhaps the end. */

#include <sys/cdefs.h>

__BEGIN_DECLS

/// Prints "program: text: reason of `error`" (no reason for 0) and exits unless `status` is 0.
void error(int status, int error, const char* format, ...) __printf_format(3, 4);

__END_DECLS
