// Stopping with as much evidence as there is. A panic may come from anywhere, so nothing here takes a
// lock, allocates or trusts a pointer it has not looked at: the backtrace follows frame pointers only
// while they stay inside mapped stack-like memory and grow.

#include "kernel/arch/panic.hpp"

#include "kernel/arch/cpu.hpp"
#include "kernel/arch/panic_state.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/format.hpp"
#include "kernel/lib/log.hpp"

#include <cstdarg>
#include <cstddef>

namespace arch {
namespace {

constexpr unsigned most_callers = 32;
constexpr uint64_t kernel_half = 0xffff800000000000;
constexpr uint8_t panic_exit_status = 0x7f; ///< QEMU leaves with 255.

bool in_panic = false;
bool test_run_ = false;
void (*panic_hook)() = nullptr;

void log_code_address(const char* label, uint64_t address) {
    uint64_t offset;
    const char* const name = find_symbol(address, offset);
    if (name != nullptr) {
        LOG_ERROR("%s %016lx %s+%#lx", label, address, name, offset);
    } else {
        LOG_ERROR("%s %016lx", label, address);
    }
}

/// Frame pointers are kept (-fno-omit-frame-pointer): at each is the caller's, above it the return address.
void log_callers(uint64_t frame_pointer) {
    for (unsigned depth = 0; depth < most_callers; ++depth) {
        if (frame_pointer < kernel_half || frame_pointer % 8 != 0) {
            return;
        }
        const auto* frame = reinterpret_cast<const uint64_t*>(frame_pointer);
        if (frame[1] == 0) {
            return;
        }
        log_code_address("  called from", frame[1] - 1);
        if (frame[0] <= frame_pointer) {
            return;
        }
        frame_pointer = frame[0];
    }
}

/// Code that jumped out of the kernel has made no frame: its return address is on top of the stack.
void log_wild_jump(const trap_frame& frame) {
    uint64_t offset;
    if (find_symbol(frame.rip, offset) == nullptr && frame.rsp >= kernel_half && frame.rsp % 8 == 0) {
        log_code_address("  called from", *reinterpret_cast<const uint64_t*>(frame.rsp) - 1);
    }
}

void log_registers(const trap_frame& frame) {
    LOG_ERROR("rax %016lx rbx %016lx rcx %016lx rdx %016lx", frame.rax, frame.rbx, frame.rcx, frame.rdx);
    LOG_ERROR("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", frame.rsi, frame.rdi, frame.rbp, frame.rsp);
    LOG_ERROR("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", frame.r8, frame.r9, frame.r10, frame.r11);
    LOG_ERROR("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", frame.r12, frame.r13, frame.r14, frame.r15);
    LOG_ERROR("cs %#lx ss %#lx flags %#lx cr2 %016lx cr3 %016lx", frame.cs, frame.ss, frame.rflags,
              read_cr2(), read_cr3());
}

/// Leaves QEMU on a test run.
[[noreturn]] void stop() {
    if (test_run_) {
        power_off(panic_exit_status);
    }
    halt();
}

/// Interrupts off; a panic inside a panic stops at once.
void enter_panic() {
    disable_interrupts();
    if (in_panic) {
        stop();
    }
    in_panic = true;
}

void log_headline(const char* text, va_list arguments) {
    char line[200];
    lib::format_arguments(line, sizeof line, text, arguments);
    LOG_ERROR("PANIC on CPU %u in %s: %s", this_cpu().index, task::current_name(), line);
}

[[noreturn]] void finish_panic() {
    if (panic_hook != nullptr) {
        panic_hook();
    }
    LOG_ERROR("The system is stopped.");
    stop();
}

} // namespace

bool panicking() {
    return in_panic;
}

void set_test_run(bool on) {
    test_run_ = on;
}

void set_panic_hook(void (*hook)()) {
    panic_hook = hook;
}

void log_backtrace() {
    log_callers(reinterpret_cast<uint64_t>(__builtin_frame_address(0)));
}

void panic(const char* text, ...) {
    enter_panic();
    va_list arguments;
    va_start(arguments, text);
    log_headline(text, arguments);
    va_end(arguments);
    log_backtrace();
    finish_panic();
}

void panic_with_frame(const trap_frame& frame, const char* text, ...) {
    enter_panic();
    va_list arguments;
    va_start(arguments, text);
    log_headline(text, arguments);
    va_end(arguments);
    log_registers(frame);
    log_code_address("at", frame.rip);
    if (!frame.from_user()) {
        log_wild_jump(frame);
        log_callers(frame.rbp);
    }
    finish_panic();
}

} // namespace arch

namespace lib {

void assert_failed(const char* condition, const char* file, int line) {
    arch::panic("assertion failed: %s (%s:%d)", condition, file, line);
}

} // namespace lib
