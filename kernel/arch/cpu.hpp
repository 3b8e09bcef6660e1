#pragma once
// What the processor offers and the few instructions C++ has no words for. Any context.

#include <cstdint>

namespace arch {

struct cpuid_leaf {
    uint32_t eax, ebx, ecx, edx;
};

/// The answer of CPUID for a leaf, all zero if the processor does not know the leaf.
cpuid_leaf cpuid(uint32_t leaf, uint32_t subleaf = 0);

/// Features found at boot and switched on where they are protections.
struct cpu_features {
    bool nx, smep, smap, umip, pge, rdrand, apic;
};
const cpu_features& features();

/// Reads CPUID and switches on the protections of this processor: NX, write protection, SMEP, SMAP,
/// UMIP, global pages, FXSAVE; leaves FSGSBASE and OSXSAVE off. Once per CPU, at its start.
void setup_cpu_features();

inline uint64_t read_msr(uint32_t number) {
    uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return static_cast<uint64_t>(high) << 32 | low;
}
inline void write_msr(uint32_t number, uint64_t value) {
    asm volatile("wrmsr"
                 :
                 : "c"(number), "a"(static_cast<uint32_t>(value)), "d"(static_cast<uint32_t>(value >> 32))
                 : "memory");
}

namespace msr {
constexpr uint32_t apic_base = 0x1b;
constexpr uint32_t pat = 0x277;
constexpr uint32_t efer = 0xc0000080;
constexpr uint32_t star = 0xc0000081;
constexpr uint32_t lstar = 0xc0000082;
constexpr uint32_t cstar = 0xc0000083;
constexpr uint32_t sfmask = 0xc0000084;
constexpr uint32_t fs_base = 0xc0000100;
constexpr uint32_t gs_base = 0xc0000101;
constexpr uint32_t kernel_gs_base = 0xc0000102;
} // namespace msr

namespace rflags {
constexpr uint64_t carry = 1 << 0;
constexpr uint64_t always_one = 1 << 1;
constexpr uint64_t trap = 1 << 8;
constexpr uint64_t interrupt = 1 << 9;
constexpr uint64_t direction = 1 << 10;
constexpr uint64_t io_privilege = 3 << 12;
constexpr uint64_t nested_task = 1 << 14;
constexpr uint64_t resume = 1 << 16;
constexpr uint64_t alignment_check = 1 << 18;
/// What a user program may set by itself: the arithmetic flags, TF, DF, RF, AC and ID.
constexpr uint64_t user_settable = 0x250dd5;
} // namespace rflags

inline uint64_t read_tsc() {
    uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return static_cast<uint64_t>(high) << 32 | low;
}
inline uint64_t read_cr2() {
    uint64_t value;
    asm volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}
inline uint64_t read_cr3() {
    uint64_t value;
    asm volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}
inline void write_cr3(uint64_t value) {
    asm volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

inline uint64_t read_rflags() {
    uint64_t flags;
    asm volatile("pushfq\n\tpopq %0" : "=r"(flags));
    return flags;
}
inline bool interrupts_enabled() {
    return (read_rflags() & rflags::interrupt) != 0;
}
inline void enable_interrupts() {
    asm volatile("sti" : : : "memory");
}
inline void disable_interrupts() {
    asm volatile("cli" : : : "memory");
}

/// A hint inside loops that wait for another CPU.
inline void cpu_relax() {
    asm volatile("pause" : : : "memory");
}

/// Stops this CPU for good.
[[noreturn]] inline void halt() {
    for (;;) {
        asm volatile("cli\n\thlt" : : : "memory");
    }
}

/// Interrupts are off while it lives; afterwards they are as before.
struct irq_guard {
    irq_guard() : were_enabled_(interrupts_enabled()) { disable_interrupts(); }
    ~irq_guard() {
        if (were_enabled_) {
            enable_interrupts();
        }
    }
    irq_guard(const irq_guard&) = delete;
    irq_guard& operator=(const irq_guard&) = delete;

private:
    bool were_enabled_;
};

} // namespace arch
