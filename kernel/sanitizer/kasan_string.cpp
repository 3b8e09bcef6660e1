// memcpy and its family under the address sanitizer: one look at all bytes of both ends, then the plain
// function of lib/string.cpp, which is not instrumented. The linker's --wrap leads every call here. This file
// is compiled without instrumentation.

#include "kernel/lib/string.hpp"
#include "kernel/sanitizer/kasan.hpp"

using kasan::access;
using kasan::check_range;

extern "C" {

void* __real_memcpy(void* to, const void* from, size_t length);
void* __real_memmove(void* to, const void* from, size_t length);
void* __real_memset(void* at, int byte, size_t length);
int __real_memcmp(const void* left, const void* right, size_t length);
size_t __real_strlen(const char* text);

void* __wrap_memcpy(void* to, const void* from, size_t length) {
    check_range(from, length, access::read);
    check_range(to, length, access::write);
    return __real_memcpy(to, from, length);
}

void* __wrap_memmove(void* to, const void* from, size_t length) {
    check_range(from, length, access::read);
    check_range(to, length, access::write);
    return __real_memmove(to, from, length);
}

void* __wrap_memset(void* at, int byte, size_t length) {
    check_range(at, length, access::write);
    return __real_memset(at, byte, length);
}

int __wrap_memcmp(const void* left, const void* right, size_t length) {
    check_range(left, length, access::read);
    check_range(right, length, access::read);
    return __real_memcmp(left, right, length);
}

/// With its NUL.
size_t __wrap_strlen(const char* text) {
    const size_t length = __real_strlen(text);
    check_range(text, length + 1, access::read);
    return length;
}

int __wrap_strncmp(const char* left, const char* right, size_t limit) {
    for (; limit != 0; --limit, ++left, ++right) {
        check_range(left, 1, access::read);
        check_range(right, 1, access::read);
        if (*left != *right || *left == '\0') {
            return static_cast<uint8_t>(*left) - static_cast<uint8_t>(*right);
        }
    }
    return 0;
}

int __wrap_strcmp(const char* left, const char* right) {
    return __wrap_strncmp(left, right, ~size_t{0});
}

} // extern "C"
