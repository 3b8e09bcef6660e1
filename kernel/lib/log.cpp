// Formats log lines. A line that does not fit is cut; where it goes is log_line()'s business.

#include "kernel/lib/log.hpp"

#include "kernel/lib/format.hpp"

#include <cstdarg>

namespace lib {

constexpr size_t longest_line = 256;

void log(log_level level, const char* text, ...) {
    char line[longest_line];
    va_list arguments;
    va_start(arguments, text);
    const size_t length = format_arguments(line, sizeof line, text, arguments);
    va_end(arguments);
    log_line(level, line, length < sizeof line ? length : sizeof line - 1);
}

} // namespace lib
