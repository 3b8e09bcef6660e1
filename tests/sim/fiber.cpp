// See fiber.hpp.

#include "sim/fiber.hpp"

#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#    include <sanitizer/asan_interface.h>
#else
static void __asan_unpoison_memory_region(const volatile void*, size_t) {}
#endif

// System V ABI, AMD64: a function keeps rbx, rbp and r12 to r15; the caller expects nothing else.
asm(R"(
.pushsection .text
.globl sim_switch_stack
.type sim_switch_stack, @function
sim_switch_stack:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
.size sim_switch_stack, . - sim_switch_stack
.popsection
)");

namespace sim {
namespace {

constexpr size_t guard_bytes = 4096;
constexpr unsigned saved_registers = 6;

/// Stacks of fibers that have ended: a run that makes thousands of programs asks the system for few.
std::vector<char*>& free_stacks() {
    static auto* list = new std::vector<char*>;
    return *list;
}

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "simulation: %s\n", what);
    std::abort();
}

} // namespace

void held_locks::add(net::port::lock_rank rank) {
    if (count == limit) {
        fail("too many locks are held");
    }
    ranks[count++] = rank;
}

void held_locks::remove(net::port::lock_rank rank) {
    for (unsigned i = count; i-- > 0;) {
        if (ranks[i] == rank) {
            for (count--; i < count; i++) {
                ranks[i] = ranks[i + 1];
            }
            return;
        }
    }
    fail("a lock is given back by somebody who does not hold it");
}

fiber_stack::fiber_stack() {
    if (!free_stacks().empty()) {
        bottom_ = free_stacks().back();
        free_stacks().pop_back();
        __asan_unpoison_memory_region(bottom_, bytes); // its last user never returned from its frames
        return;
    }
    void* memory = mmap(nullptr, guard_bytes + bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, guard_bytes, PROT_NONE) != 0) {
        fail("no memory for a stack");
    }
    bottom_ = static_cast<char*>(memory) + guard_bytes;
}

void fiber_stack::give_back() {
    if (bottom_ != nullptr) {
        free_stacks().push_back(bottom_);
        bottom_ = nullptr;
    }
}

void fiber::prepare(void (*entry)()) {
    // A return address that nobody returns to keeps the alignment that a call would have made.
    auto* top = reinterpret_cast<void**>(stack.bottom() + fiber_stack::bytes);
    *--top = nullptr;
    *--top = reinterpret_cast<void*>(entry);
    for (unsigned i = 0; i < saved_registers; i++) {
        *--top = nullptr;
    }
    stack_pointer = top;
}

} // namespace sim
