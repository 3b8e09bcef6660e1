// What code instrumented by -fsanitize=kernel-address calls: reports of accesses that its own look at the
// shadow refused (__asan_report_*), looks that are not inlined (__asan_load/storeN), variables with static
// storage, scopes. Names and structures are GCC's (gcc/sanitizer.def, libsanitizer/asan). This file is
// compiled without instrumentation.

#include "kernel/sanitizer/kasan.hpp"

#include "kernel/arch/percpu.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/vmap.hpp"
#include "kernel/sanitizer/kasan_report.hpp"

extern "C" {
void* __real_memset(void* at, int byte, size_t length); // lib/string.cpp
extern char boot_thread_stack[], boot_thread_stack_top[];
}

namespace kasan {
namespace {

constexpr uint64_t kernel_half = 0xffff800000000000;
constexpr uint64_t granule = 8;

uint64_t number_of(const void* address) {
    return reinterpret_cast<uint64_t>(address);
}

/// Whether bytes up to and with this one of its granule may be touched.
bool is_allowed(uint64_t address) {
    const uint8_t shadow = *shadow_of(reinterpret_cast<const void*>(address));
    return shadow == 0 || (shadow < granule && address % granule < shadow);
}

/// The first byte of the range that may not be touched, or its end.
uint64_t first_forbidden(uint64_t at, uint64_t end) {
    while (at < end) {
        // Eight granules at once where all is allowed.
        const uint8_t* const shadow = shadow_of(reinterpret_cast<const void*>(at));
        if (number_of(shadow) % 8 == 0 && end - at >= 8 * granule &&
            *reinterpret_cast<const uint64_t*>(shadow) == 0) {
            at = (at & ~(granule - 1)) + 8 * granule;
            continue;
        }
        const uint64_t granule_end = (at & ~(granule - 1)) + granule;
        const uint64_t last = (granule_end < end ? granule_end : end) - 1;
        if (!is_allowed(last)) {
            while (is_allowed(at)) {
                ++at;
            }
            return at;
        }
        at = last + 1;
    }
    return end;
}

void check(const void* start, size_t length_bytes, access how, const void* caller) {
    if (length_bytes == 0) {
        return;
    }
    const uint64_t first = number_of(start), end = first + length_bytes;
    if (first < kernel_half || end < first) {
        report(first, first, length_bytes, how, caller);
    }
    if (const uint64_t bad = first_forbidden(first, end); bad != end) {
        report(bad, first, length_bytes, how, caller);
    }
}

} // namespace

void forbid(const void* start, size_t length_bytes, poison why) {
    __real_memset(shadow_of(start), static_cast<int>(why), (length_bytes + granule - 1) / granule);
}

void allow(const void* start, size_t length_bytes) {
    uint8_t* const shadow = shadow_of(start);
    __real_memset(shadow, 0, length_bytes / granule);
    if (length_bytes % granule != 0) {
        shadow[length_bytes / granule] = static_cast<uint8_t>(length_bytes % granule);
    }
}

void check_range(const void* start, size_t length_bytes, access how) {
    check(start, length_bytes, how, __builtin_return_address(0));
}

} // namespace kasan

extern "C" {

using kasan::access;

#define DEFINE_CHECKS_OF_SIZE(size)                                                                          \
    [[noreturn]] void __asan_report_load##size(uint64_t address) {                                           \
        kasan::report_access(address, size, access::read, __builtin_return_address(0));                      \
    }                                                                                                        \
    [[noreturn]] void __asan_report_store##size(uint64_t address) {                                          \
        kasan::report_access(address, size, access::write, __builtin_return_address(0));                     \
    }

DEFINE_CHECKS_OF_SIZE(1)
DEFINE_CHECKS_OF_SIZE(2)
DEFINE_CHECKS_OF_SIZE(4)
DEFINE_CHECKS_OF_SIZE(8)
DEFINE_CHECKS_OF_SIZE(16)

[[noreturn]] void __asan_report_load_n(uint64_t address, size_t size) {
    kasan::report_access(address, size, access::read, __builtin_return_address(0));
}
[[noreturn]] void __asan_report_store_n(uint64_t address, size_t size) {
    kasan::report_access(address, size, access::write, __builtin_return_address(0));
}

void __asan_loadN(const void* address, size_t size) {
    kasan::check(address, size, access::read, __builtin_return_address(0));
}
void __asan_storeN(const void* address, size_t size) {
    kasan::check(address, size, access::write, __builtin_return_address(0));
}

/// Big variables that go out of scope and come into it.
void __asan_poison_stack_memory(const void* start, size_t length_bytes) {
    kasan::forbid(start, length_bytes, kasan::poison::out_of_scope);
}
void __asan_unpoison_stack_memory(const void* start, size_t length_bytes) {
    kasan::allow(start, length_bytes);
}

/// Frames that are left for good (a thread ends, or goes to ring 3) do not clean their red zones up.
void __asan_handle_no_return() {
    const auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0)) & ~uint64_t{7};
    const auto boot_stack = reinterpret_cast<uint64_t>(boot_thread_stack);
    const auto boot_top = reinterpret_cast<uint64_t>(boot_thread_stack_top);
    const uint64_t thread_top = arch::this_cpu().kernel_stack_top;
    if (here >= boot_stack && here < boot_top) {
        kasan::allow(reinterpret_cast<void*>(here), boot_top - here);
    } else if (here < thread_top && thread_top - here < mm::kernel_stack_bytes) {
        kasan::allow(reinterpret_cast<void*>(here), thread_top - here);
    }
}

/// Each source file hands in its variables before its first constructor runs.
void __asan_register_globals(kasan::global_variable* variables, size_t count) {
    kasan::remember_globals(variables, count);
    for (size_t index = 0; index < count; ++index) {
        const kasan::global_variable& each = variables[index];
        const uint64_t end = (each.size_bytes + 7) & ~uint64_t{7};
        kasan::allow(each.start, each.size_bytes);
        kasan::forbid(each.start + end, each.padded_bytes - end, kasan::poison::global);
    }
}

// The kernel does not end, and the order of its constructors is not checked.
void __asan_unregister_globals(kasan::global_variable*, size_t) {}
void __asan_before_dynamic_init(const char*) {}
void __asan_after_dynamic_init() {}

} // extern "C"
