// The data of the CPU that booted, and its first stack, which becomes the idle thread's.

#include "kernel/arch/percpu.hpp"

extern "C" {
constinit arch::percpu boot_cpu{};

// 32 KiB, the most that a kernel stack has (mm/vmap.hpp); entry64.asm starts on it. The page below is
// unmapped by mm/kernel_tables.cpp, so that running out of it faults.
constexpr unsigned boot_stack_bytes = 32768;
struct alignas(4096) {
    char guard[4096];
    char stack[boot_stack_bytes];
} boot_thread_stack;
}

// The end of the stack as a symbol of its own, for assembly.
asm(".globl boot_thread_stack_top\n\t.set boot_thread_stack_top, boot_thread_stack + 4096 + 32768");

namespace arch {

unsigned cpus_online() {
    return 1;
}

} // namespace arch
