// Stack canaries. They come from a keyed hash of the time-stamp counter; the key is made at the first use,
// from RDRAND where there is one and the jitter of the counter. What happens when one is overwritten:
// panic, at once, because the return address above it is wrong.

#include "kernel/arch/stack_canary.hpp"

#include "kernel/arch/cpu.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/lib/siphash.hpp"

namespace arch {
namespace {

uint64_t hardware_random() {
    uint64_t value = 0;
    if (features().rdrand) {
        asm volatile("rdrand %0" : "=r"(value) : : "cc"); // 0 if it has none: the counter remains
    }
    return value;
}

lib::siphash_key make_key() {
    const uint64_t low = read_tsc() ^ hardware_random();
    const uint64_t high = read_tsc() * 0x9e3779b97f4a7c15 ^ hardware_random();
    return {.low = low, .high = high};
}

} // namespace

uint64_t new_stack_canary() {
    static const lib::siphash_key key = make_key();
    const uint64_t now = read_tsc();
    return lib::siphash(key, &now, sizeof now) & ~uint64_t{0xff};
}

} // namespace arch

extern "C" [[noreturn]] void __stack_chk_fail() {
    arch::panic("stack overrun: the stack canary was overwritten");
}
