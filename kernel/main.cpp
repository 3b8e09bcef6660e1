// The boot as a table of contents. entry64.asm calls kernel_main on the boot CPU with interrupts off, on
// the loader's page tables. Each line may use what the lines above it set up.

#include "boot/boot_info.hpp"
#include "drivers/console.hpp"
#include "drivers/e1000.hpp"
#include "drivers/pci.hpp"
#include "drivers/screen.hpp"
#include "drivers/serial.hpp"
#include "kernel/arch/clock.hpp"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/cxx_runtime.hpp"
#include "kernel/arch/irq.hpp"
#include "kernel/arch/log_sink.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/mm/setup.hpp"

namespace {

void setup_early(uint32_t loader_magic, uint32_t loader_info) {
    arch::run_constructors();                         // objects with static storage
    drv::serial_port_number(0).setup();               // something to print on
    arch::add_log_writer(drv::write_log_to_console);  // from here on LOG works
    arch::setup_cpu_features();                       // NX, write protection, SMEP, SMAP, UMIP
    arch::setup_traps();                              // faults panic with registers instead of resetting
    boot::parse_boot_info(loader_magic, loader_info); // memory map, modules, command line
    arch::set_test_run(boot::info().option("test") != nullptr);
}

} // namespace

extern "C" [[noreturn]] void kernel_main(uint32_t loader_magic, uint32_t loader_info) {
    setup_early(loader_magic, loader_info);
    const boot::boot_info& info = boot::info();
    LOG_INFO("Lumos, started by %s: %s", info.loader, info.command_line);
    mm::setup_memory(info);                                // page tables, page frames, kmalloc
    drv::setup_screen(info.display);                       // text mode or frame buffer, if there is one
    arch::setup_interrupt_controllers(info.rsdp_physical); // APIC or PIC
    arch::setup_clock();                                   // time-stamp counter, timer, wall-clock time
    drv::scan_pci();                                       // what is on the bus
    drv::probe_e1000();                                    // early: the card is deaf for a second at first
    mm::protect_after_init();                              // tables written at boot become read-only
    mm::check_kernel_mappings();                           // no page writable and executable
    arch::enable_interrupts();
    for (;;) {
        arch::disable_interrupts();
        arch::idle_wait();
    }
}
