// The boot as a table of contents. entry64.asm calls kernel_main on the boot CPU with interrupts off, on
// the loader's page tables. Each line may use what the lines above it set up.

#include "boot/boot_info.hpp"
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
#include "kernel/arch/random.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/console.hpp"
#include "kernel/crash_test.hpp"
#include "kernel/fs/initramfs.hpp"
#include "kernel/interrupts_file.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/setup.hpp"
#include "kernel/net_port.hpp"
#include "kernel/syscall/execve.hpp"
#include "kernel/task/exit.hpp"
#include "kernel/task/scheduler.hpp"

namespace {

void setup_early(uint32_t loader_magic, uint32_t loader_info) {
    arch::run_constructors();                         // objects with static storage
    drv::serial_port_number(0).setup();               // something to print on
    arch::add_log_writer(console::write_log);         // from here on LOG works
    arch::setup_cpu_features();                       // NX, write protection, SMEP, SMAP, UMIP
    arch::setup_traps();                              // faults panic with registers instead of resetting
    boot::parse_boot_info(loader_magic, loader_info); // memory map, modules, command line
    arch::set_test_run(boot::info().option("test") != nullptr);
}

/// What a boot cannot go on without.
void require(const lib::result<void>& outcome, const char* what) {
    if (!outcome.ok()) {
        arch::panic("%s failed at boot: error %d", what, outcome.error().number);
    }
}

/// Unpacks the initramfs, the first module, and gives its memory back.
void start_files(const boot::boot_info& info) {
    if (info.module_count == 0) {
        require(fs::initialize(nullptr, 0), "the file system");
        return;
    }
    const boot::module& archive = info.modules[0];
    require(fs::initialize(mm::physical_to_virtual(archive.physical), archive.length), "the file system");
    mm::release_boot_memory(archive.physical, archive.length);
}

/// init= of the command line, or /bin/init.
const char* first_program(const boot::boot_info& info) {
    const char* path = info.option("init");
    return path != nullptr && path[0] != 0 ? path : "/bin/init";
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
    arch::setup_random(info.option("seed"));               // random numbers
    task::initialize();                                    // from here on this is a thread and may sleep
    arch::enable_interrupts();
    drv::scan_pci();    // what is on the bus
    drv::probe_e1000(); // early: the card is deaf for a second at first
    start_files(info);  // root file system, /dev, /proc
    require(kernel::register_interrupts_file(), "/proc/interrupts");
    require(console::start(), "the console");           // terminals on serial port, screen, keyboard
    require(net::port::start_network(), "the network"); // the stack and its worker
    drv::register_e1000(net::port::kernel_stack());     // eth0
    mm::protect_after_init();                           // tables written at boot become read-only
    mm::check_kernel_mappings();                        // no page writable and executable
    kernel::crash_if_asked(info.option("crash"));       // for tests of the panic
    require(syscall::start_init(first_program(info)), "process 1");
    task::exit_thread(0);
}
