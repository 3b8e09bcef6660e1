#pragma once
// The battery-backed clock of the PC.

#include <cstdint>

namespace arch {

/// Seconds since 1970 UTC; the clock is taken to run in UTC.
uint64_t read_rtc_seconds();

} // namespace arch
