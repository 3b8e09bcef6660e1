#pragma once
// The way into the kernel. Number in rax, arguments in rdi, rsi, rdx, r10, r8, r9, result or -errno in rax.

#include <errno.h>
#include <kernel/abi/syscall.h>

namespace libc {

/// Largest errno value; results from -max_errno to -1 are failures.
inline constexpr long max_errno = 4095;

/// System call with all six arguments; the result as the kernel gave it.
inline long raw_syscall(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0) {
    long result = number;
    register long r10 asm("r10") = d;
    register long r8 asm("r8") = e;
    register long r9 asm("r9") = f;
    asm volatile("syscall"
                 : "+a"(result)
                 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return result;
}

/// Makes a register's content of an argument.
template <typename T>
long argument(T* value) {
    return reinterpret_cast<long>(value);
}
inline long argument(decltype(nullptr)) {
    return 0;
}
inline long argument(int value) {
    return value;
}
inline long argument(unsigned value) {
    return value;
}
inline long argument(long value) {
    return value;
}
inline long argument(unsigned long value) {
    return static_cast<long>(value);
}

/// System call with arguments of any kind; -errno on failure.
template <typename... T>
long call(long number, T... arguments) {
    return raw_syscall(number, argument(arguments)...);
}

/// Turns -errno into errno and -1.
inline long check(long result) {
    if (result < 0 && result >= -max_errno) {
        errno = static_cast<int>(-result);
        return -1;
    }
    return result;
}

/// System call that reports failure in C's way: -1 and errno.
template <typename... T>
long checked(long number, T... arguments) {
    return check(call(number, arguments...));
}

/// The same for calls whose result is an int.
template <typename... T>
int checked_int(long number, T... arguments) {
    return static_cast<int>(check(call(number, arguments...)));
}

} // namespace libc
