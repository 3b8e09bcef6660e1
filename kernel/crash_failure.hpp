#pragma once
// What the files with ways to die share.

#include <span>

namespace kernel {

struct failure {
    const char* name; ///< The word crash= of the command line.
    void (*provoke)();
};

/// Hides a value's origin from the compiler, which would refuse or drop what happens here.
template <class T>
T opaque(T value) {
    asm volatile("" : "+r"(value));
    return value;
}

/// One for each check of -fsanitize=undefined; only with UBSAN=1.
std::span<const failure> undefined_failures();
/// One for each kind of report of the address sanitizer; only with KASAN=1.
std::span<const failure> memory_failures();

} // namespace kernel
