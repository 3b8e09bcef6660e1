#pragma once
// The kernel log. Any context may log; the sink is the kernel's log ring and console, or stderr on the
// host. One line per call, no newline at its end.

#include <cstddef>

namespace lib {

enum class log_level : unsigned char { error, warning, info, debug };

/// Formats (see format.hpp) and hands one line to the sink.
[[gnu::format(printf, 2, 3)]] void log(log_level level, const char* text, ...);

/// Stores and prints one finished line. Defined by arch/log_sink.cpp in the kernel and by the port on the
/// host.
void log_line(log_level level, const char* text, size_t length);

} // namespace lib

#define LOG_ERROR(...) lib::log(lib::log_level::error, __VA_ARGS__)
#define LOG_WARNING(...) lib::log(lib::log_level::warning, __VA_ARGS__)
#define LOG_INFO(...) lib::log(lib::log_level::info, __VA_ARGS__)
#define LOG_DEBUG(...) lib::log(lib::log_level::debug, __VA_ARGS__)
