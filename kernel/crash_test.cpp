// One function per way to die. tests/guest/test_panic.py boots with crash=NAME and reads the panic.

#include "kernel/crash_test.hpp"

#include "kernel/arch/cpu.hpp"
#include "kernel/arch/trap_frame.hpp"
#include "kernel/crash_failure.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/layout.hpp"

#include <cstddef>
#include <cstdint>

namespace kernel {
namespace {

void fail_assertion() {
    ASSERT(opaque(1) == 2);
}

void read_null() {
    (void)*opaque(static_cast<volatile int*>(nullptr));
}

void write_code() {
    *opaque(reinterpret_cast<volatile uint8_t*>(&read_null)) = 0x90;
}

/// Code is not writable through the direct map either.
void write_code_alias() {
    const auto physical = reinterpret_cast<uint64_t>(&read_null) - mm::image_base;
    *opaque(mm::physical_to_virtual<volatile uint8_t>(physical)) = 0x90;
}

void execute_data() {
    void* const memory = mm::kmalloc(64, mm::mem_tag::kernel);
    memset(memory, 0xc3, 64); // RET
    opaque(reinterpret_cast<void (*)()>(memory))();
}

/// The IDT is read-only after the boot.
void write_interrupt_table() {
    struct [[gnu::packed]] {
        uint16_t limit;
        volatile uint64_t* base;
    } table;
    asm volatile("sidt %0" : "=m"(table));
    table.base[0] = 0;
}

/// SMEP: the kernel does not run a program's code. Nothing is mapped there, which is as forbidden.
void execute_user_memory() {
    opaque(reinterpret_cast<void (*)()>(mm::user_start))();
}

void overrun_buffer() {
    char buffer[16];
    memset(opaque(&buffer[0]), 'x', opaque(size_t{64}));
    asm volatile("" : : "r"(&buffer[0]) : "memory");
}

[[gnu::optimize("no-optimize-sibling-calls")]] uint64_t recurse(uint64_t depth) {
    volatile uint64_t block[32] = {depth};
    return opaque(depth) == 0 ? block[0] : recurse(depth - 1) + block[0];
}

void exhaust_stack() {
    (void)opaque(recurse(opaque(uint64_t{1} << 40)));
}

void free_twice() {
    void* const memory = mm::kmalloc(64, mm::mem_tag::kernel);
    mm::kfree(memory);
    mm::kfree(opaque(memory));
}

constexpr failure failures[] = {
    {"assert", fail_assertion},
    {"null", read_null},
    {"write-code", write_code},
    {"write-code-alias", write_code_alias},
    {"execute-data", execute_data},
    {"write-idt", write_interrupt_table},
    {"execute-user", execute_user_memory},
    {"overrun", overrun_buffer},
    {"stack", exhaust_stack},
    {"free-twice", free_twice},
};

void crash_if_in(std::span<const failure> list, const char* name) {
    for (const failure& each : list) {
        if (strcmp(each.name, name) == 0) {
            LOG_WARNING("crash test: %s", name);
            each.provoke();
            LOG_ERROR("crash test: survived");
        }
    }
}

} // namespace

void crash_if_asked(const char* name) {
    if (name == nullptr) {
        return;
    }
    crash_if_in(failures, name);
#ifdef LUMOS_UBSAN
    crash_if_in(undefined_failures(), name);
#endif
#ifdef LUMOS_KASAN
    crash_if_in(memory_failures(), name);
#endif
}

} // namespace kernel
