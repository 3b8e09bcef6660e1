#pragma once
// The 8254 interval timer: the reference that the other clocks are measured against, and the one-shot
// timer of machines without APIC.

#include <cstdint>

namespace arch {

constexpr uint64_t pit_frequency_hz = 1193182;

/// Starts channel 2, which has no interrupt, counting down from 65535, and reads it.
void start_pit_reference();
uint16_t read_pit_reference();

/// One interrupt on line 0 after ticks (1 to 65535) of channel 0.
void start_pit_timer(uint16_t ticks);

} // namespace arch
