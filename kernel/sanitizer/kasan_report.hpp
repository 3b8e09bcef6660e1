#pragma once
// The report of the address sanitizer, and what it needs to know.

#include "kernel/sanitizer/kasan.hpp"

namespace kasan {

/// GCC's description of a variable with static storage (struct __asan_global).
struct global_variable {
    const char* start;
    uint64_t size_bytes;
    uint64_t padded_bytes;
    const char* name;
    const char* source_file;
    uint64_t has_constructor;
    const void* place;
    uint64_t odr_indicator;
};

/// Keeps a file's list, to name a variable in a report.
void remember_globals(const global_variable* variables, size_t count);

/// Stops the machine: size_bytes at start were to be touched, and the byte at `bad` must not be.
[[noreturn]] void report(uint64_t bad, uint64_t start, size_t size_bytes, access how, const void* caller);
/// The same where the compiler has not said which byte is bad.
[[noreturn]] void report_access(uint64_t start, size_t size_bytes, access how, const void* caller);
/// kfree of what is not the start of an object in use.
[[noreturn]] void report_free(const void* object, const char* what, const void* caller);

constexpr unsigned most_callers = 6;

/// Kept in the red zone of each object of kmalloc, at its end.
struct object_record {
    uint64_t size_bytes;
    uint32_t allocated_by[most_callers]; ///< Return addresses, their lower half.
    uint32_t freed_by[most_callers];
};

const object_record& record_of(const heap_object& object);

} // namespace kasan
