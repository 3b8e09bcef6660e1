#pragma once
// Bounded printf-like formatting into a caller's buffer: %d %i %u %x %X %o %c %s %p %% with width,
// precision, the flags "-0 +#" and the sizes hh h l ll z. No floating point.

#include <cstdarg>
#include <cstddef>

namespace lib {

/// Writes at most size_bytes including the final NUL (none if size_bytes is 0) and returns the length
/// that the whole text would have had, as C's snprintf.
[[gnu::format(printf, 3, 4)]] size_t format(char* buffer, size_t size_bytes, const char* text, ...);
[[gnu::format(printf, 3, 0)]] size_t format_arguments(char* buffer, size_t size_bytes, const char* text,
                                                      va_list arguments);

} // namespace lib
