// Programming of the 8254 (Intel 8254 data sheet, "Control Word Format").

#include "kernel/arch/pit.hpp"

#include "kernel/arch/io.hpp"

namespace arch {
namespace {

constexpr uint16_t channel0 = 0x40, channel2 = 0x42, control = 0x43;
constexpr uint16_t speaker_gate = 0x61; ///< Bit 0 is the gate of channel 2, bit 1 the speaker.

constexpr uint8_t mode0_channel0 = 0x30; ///< Low byte, high byte; interrupt on terminal count.
constexpr uint8_t mode0_channel2 = 0xb0;
constexpr uint8_t latch_channel2 = 0x80;

} // namespace

void start_pit_reference() {
    outb(speaker_gate, static_cast<uint8_t>((inb(speaker_gate) & ~2) | 1));
    outb(control, mode0_channel2);
    outb(channel2, 0xff);
    outb(channel2, 0xff);
}

uint16_t read_pit_reference() {
    outb(control, latch_channel2);
    const uint8_t low = inb(channel2);
    return static_cast<uint16_t>(low | inb(channel2) << 8);
}

void start_pit_timer(uint16_t ticks) {
    outb(control, mode0_channel0);
    outb(channel0, static_cast<uint8_t>(ticks));
    outb(channel0, static_cast<uint8_t>(ticks >> 8));
}

} // namespace arch
