// How often the CPU was interrupted, by what, in the manner of Linux's file: a line per interrupt line that
// has a handler, then the timer of the CPU, non-maskable interrupts, and those that nobody claimed.

#include "kernel/interrupts_file.hpp"

#include "kernel/arch/irq.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/fs/procfs.hpp"

namespace kernel {
namespace {

lib::result<void> generate(fs::procfs_text& text, void*) {
    text.print("%16s\n", "CPU0");
    for (unsigned line = 0; line < arch::irq_line_count(); ++line) {
        if (arch::irq_in_use(line)) {
            text.print("%3u: %10lu   %s %s\n", line, arch::irq_count(line), arch::irq_controller_name(),
                       arch::irq_is_level(line) ? "level" : "edge");
        }
    }
    const arch::percpu& cpu = arch::this_cpu();
    text.print("LOC: %10lu   Local timer interrupts\n", cpu.timer_count);
    text.print("NMI: %10lu   Non-maskable interrupts\n", cpu.nmi_count);
    text.print("SPU: %10lu   Spurious interrupts\n", cpu.spurious_count);
    return {};
}

} // namespace

lib::result<void> register_interrupts_file() {
    return fs::register_file("interrupts", generate, nullptr);
}

} // namespace kernel
