// What the compiler expects of a C++ runtime: constructors of objects with static storage run once at boot;
// their destructors never do, because the kernel does not end.

#include "kernel/arch/cxx_runtime.hpp"

#include "kernel/arch/panic.hpp"

extern "C" {
using constructor = void (*)();
extern const constructor init_array_start[], init_array_end[];

void* __dso_handle = nullptr;

int __cxa_atexit(void (*)(void*), void*, void*) {
    return 0;
}

[[noreturn]] void __cxa_pure_virtual() {
    arch::panic("a pure virtual function was called");
}
}

namespace arch {

void run_constructors() {
    for (const constructor* next = init_array_start; next != init_array_end; ++next) {
        (*next)();
    }
}

} // namespace arch
