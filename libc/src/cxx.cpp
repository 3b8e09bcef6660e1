// What C++ programs need besides constructors and exit functions: new and delete, guards of function-local
// statics, and the end of a program that calls a function that is not there.

#include "libc/src/internal/lock.hpp"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

[[noreturn]] void fail(const char* text) {
    write(STDERR_FILENO, text, strlen(text));
    abort();
}

void* allocate(size_t size) {
    void* block = malloc(size);
    if (block == nullptr) {
        fail("operator new: out of memory\n"); // There are no exceptions to throw.
    }
    return block;
}

// A guard is 64 bits: the first byte says that the object is made; we keep our state in the upper half.
enum : int { untouched, being_made, being_made_and_awaited };

struct guard_variable {
    char made;
    char unused[3];
    int state;
};

} // namespace

namespace std {
struct nothrow_t {
    explicit nothrow_t() = default;
};
extern const nothrow_t nothrow;
constexpr nothrow_t nothrow{};
enum class align_val_t : size_t;
} // namespace std

void* operator new(size_t size) {
    return allocate(size);
}
void* operator new[](size_t size) {
    return allocate(size);
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    return malloc(size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
    return malloc(size);
}
void* operator new(size_t size, std::align_val_t alignment) {
    return aligned_alloc(static_cast<size_t>(alignment), size);
}
void* operator new[](size_t size, std::align_val_t alignment) {
    return aligned_alloc(static_cast<size_t>(alignment), size);
}
void operator delete(void* block) noexcept {
    free(block);
}
void operator delete[](void* block) noexcept {
    free(block);
}
void operator delete(void* block, size_t) noexcept {
    free(block);
}
void operator delete[](void* block, size_t) noexcept {
    free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
    free(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
    free(block);
}
void operator delete(void* block, size_t, std::align_val_t) noexcept {
    free(block);
}
void operator delete[](void* block, size_t, std::align_val_t) noexcept {
    free(block);
}

extern "C" {

void __cxa_pure_virtual() {
    fail("pure virtual function called\n");
}
void __cxa_deleted_virtual() {
    fail("deleted virtual function called\n");
}

int __cxa_guard_acquire(guard_variable* variable) {
    for (;;) {
        if (__atomic_load_n(&variable->made, __ATOMIC_ACQUIRE) != 0) {
            return 0;
        }
        int expected = untouched;
        if (__atomic_compare_exchange_n(&variable->state, &expected, being_made, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return 1;
        }
        if (expected == being_made) {
            __atomic_compare_exchange_n(&variable->state, &expected, being_made_and_awaited, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED);
        }
        libc::call(SYS_futex, &variable->state, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, being_made_and_awaited,
                   nullptr);
    }
}

void __cxa_guard_release(guard_variable* variable) {
    __atomic_store_n(&variable->made, 1, __ATOMIC_RELEASE);
    if (__atomic_exchange_n(&variable->state, untouched, __ATOMIC_RELEASE) == being_made_and_awaited) {
        libc::call(SYS_futex, &variable->state, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0x7fffffff);
    }
}

void __cxa_guard_abort(guard_variable* variable) {
    if (__atomic_exchange_n(&variable->state, untouched, __ATOMIC_RELEASE) == being_made_and_awaited) {
        libc::call(SYS_futex, &variable->state, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0x7fffffff);
    }
}

} // extern "C"
