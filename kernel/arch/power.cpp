// Leaving: QEMU's and Bochs's power-off ports, so that no ACPI bytecode has to be interpreted, and the
// reset ways of a PC from the polite to the rude.

#include "kernel/arch/clock.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/io.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/lib/log.hpp"

namespace arch {
namespace {

constexpr uint16_t test_exit_port = 0xf4;
constexpr uint16_t qemu_pm1a_control = 0x604;       ///< i440fx and q35
constexpr uint16_t bochs_pm1a_control = 0xb004;     ///< Bochs and old QEMU
constexpr uint16_t sleep_enable = 0x2000;           ///< SLP_EN with sleep type 0, which is S5 there.
constexpr uint32_t power_off_patience_us = 500'000; ///< Emulators switch off a little later.
constexpr uint16_t reset_control = 0xcf9;
constexpr uint16_t keyboard_controller = 0x64;

} // namespace

void power_off(uint8_t status) {
    disable_interrupts();
    if (status != 0) {
        outl(test_exit_port, status); // QEMU exits with status * 2 + 1 if it has the device
    }
    outw(qemu_pm1a_control, sleep_enable);
    outw(bochs_pm1a_control, sleep_enable);
    delay_us(power_off_patience_us);
    LOG_INFO("It is now safe to switch off the machine.");
    halt();
}

void reboot() {
    disable_interrupts();
    outb(reset_control, 0x02);
    outb(reset_control, 0x06);
    outb(keyboard_controller, 0xfe);
    // No gate for any interrupt: the third fault in a row resets the processor.
    const struct [[gnu::packed]] {
        uint16_t limit;
        uint64_t base;
    } no_table{0, 0};
    asm volatile("lidt %0\n\tint3" : : "m"(no_table));
    halt();
}

} // namespace arch
