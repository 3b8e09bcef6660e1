// Finds out what the processor can do and turns its protections on.

#include "kernel/arch/cpu.hpp"

#include "kernel/arch/panic.hpp"

extern "C" {
/// Read by the entry code and by the user copies before STAC and CLAC.
[[gnu::section(".ro_after_init")]] uint8_t smap_enabled = 0;
}

namespace arch {
namespace {

[[gnu::section(".ro_after_init")]] cpu_features found{};

// Intel SDM 3A, 2.5.
constexpr uint64_t cr0_write_protect = 1 << 16;
constexpr uint64_t cr4_page_global = 1 << 7;
constexpr uint64_t cr4_fxsr = 1 << 9;
constexpr uint64_t cr4_simd_exceptions = 1 << 10;
constexpr uint64_t cr4_umip = 1 << 11;
constexpr uint64_t cr4_fsgsbase = 1 << 16;
constexpr uint64_t cr4_osxsave = 1 << 18;
constexpr uint64_t cr4_smep = 1 << 20;
constexpr uint64_t cr4_smap = 1 << 21;
constexpr uint64_t efer_syscall = 1 << 0;
constexpr uint64_t efer_no_execute = 1 << 11;

constexpr bool bit(uint32_t word, unsigned number) {
    return (word >> number & 1) != 0;
}

cpu_features detect() {
    const cpuid_leaf basic = cpuid(1);
    const cpuid_leaf structured = cpuid(7);
    const cpuid_leaf extended = cpuid(0x80000001);
    return {
        .nx = bit(extended.edx, 20),
        .smep = bit(structured.ebx, 7),
        .smap = bit(structured.ebx, 20),
        .umip = bit(structured.ecx, 2),
        .pge = bit(basic.edx, 13),
        .rdrand = bit(basic.ecx, 30),
        .apic = bit(basic.edx, 9),
    };
}

uint64_t read_cr4() {
    uint64_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

void enable_write_protection() {
    uint64_t cr0;
    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    asm volatile("mov %0, %%cr0" : : "r"(cr0 | cr0_write_protect));
}

} // namespace

cpuid_leaf cpuid(uint32_t leaf, uint32_t subleaf) {
    cpuid_leaf answer;
    const uint32_t range = leaf & 0x80000000;
    asm volatile("cpuid"
                 : "=a"(answer.eax), "=b"(answer.ebx), "=c"(answer.ecx), "=d"(answer.edx)
                 : "a"(range), "c"(0));
    if (answer.eax < leaf) {
        return {};
    }
    asm volatile("cpuid"
                 : "=a"(answer.eax), "=b"(answer.ebx), "=c"(answer.ecx), "=d"(answer.edx)
                 : "a"(leaf), "c"(subleaf));
    return answer;
}

const cpu_features& features() {
    return found;
}

void setup_cpu_features() {
    found = detect();
    if (!found.nx) {
        panic("this processor has no NX bit: memory could not be protected");
    }
    enable_write_protection();
    write_msr(msr::efer, read_msr(msr::efer) | efer_syscall | efer_no_execute);

    // FSGSBASE stays off, or programs could put kernel addresses into GS; OSXSAVE stays off, because
    // threads switch their FPU state by FXSAVE, which does not know AVX registers.
    uint64_t cr4 = read_cr4() & ~(cr4_fsgsbase | cr4_osxsave);
    cr4 |= cr4_fxsr | cr4_simd_exceptions;
    cr4 |= found.pge ? cr4_page_global : 0;
    cr4 |= found.umip ? cr4_umip : 0;
    cr4 |= found.smep ? cr4_smep : 0;
    cr4 |= found.smap ? cr4_smap : 0;
    asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
    smap_enabled = found.smap ? 1 : 0;
}

} // namespace arch
