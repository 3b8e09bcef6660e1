// One piece of undefined behaviour for each check that UBSAN=1 switches on. tests/guest/test_sanitizers.py
// boots with crash=NAME and reads what was said.

#include "kernel/crash_failure.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>

#pragma GCC diagnostic ignored "-Wreturn-type"

namespace kernel {
namespace {

constexpr int smallest = std::numeric_limits<int>::min();
constexpr int largest = std::numeric_limits<int>::max();

void overflow_addition() {
    opaque(opaque(largest) + opaque(1));
}

void overflow_subtraction() {
    opaque(opaque(smallest) - opaque(1));
}

void overflow_multiplication() {
    opaque(opaque(largest) * opaque(2));
}

void overflow_negation() {
    opaque(-opaque(smallest));
}

void divide_by_zero() {
    opaque(opaque(6) / opaque(0));
}

void overflow_division() {
    opaque(opaque(smallest) / opaque(-1));
}

void shift_too_far() {
    opaque(opaque(uint32_t{1}) << opaque(32));
}

void index_beyond_array() {
    int numbers[4] = {};
    opaque(&numbers[0]);
    opaque(numbers[opaque(4)]);
}

struct with_tail {
    uint32_t count;
    uint32_t tail[1];
};

/// Only bounds-strict looks at arrays at the end of structures.
void index_beyond_tail() {
    with_tail object{};
    opaque(opaque(&object)->tail[opaque(1)]);
}

void load_null() {
    opaque(*opaque(static_cast<uint32_t*>(nullptr)));
}

void load_misaligned() {
    alignas(8) uint8_t bytes[16] = {};
    opaque(*reinterpret_cast<uint64_t*>(opaque(&bytes[1])));
}

void load_bool() {
    uint8_t byte = 2;
    opaque(*reinterpret_cast<bool*>(opaque(&byte)));
}

enum small_enum { none, one };

void load_enum() {
    uint32_t word = 7;
    opaque(*reinterpret_cast<small_enum*>(opaque(&word)));
}

void move_pointer_around() {
    opaque(opaque(reinterpret_cast<char*>(~uint64_t{15})) + opaque(size_t{64}));
}

void count_zeros_of_zero() {
    opaque(__builtin_ctz(opaque(0u)));
}

void reach_unreachable() {
    if (opaque(1) == 1) {
        __builtin_unreachable();
    }
}

int forget_to_return(int number) {
    if (number != 1) {
        return number;
    }
}

void end_without_value() {
    opaque(forget_to_return(opaque(1)));
}

constexpr failure failures[] = {
    {"ubsan-add", overflow_addition},
    {"ubsan-subtract", overflow_subtraction},
    {"ubsan-multiply", overflow_multiplication},
    {"ubsan-negate", overflow_negation},
    {"ubsan-divide-by-zero", divide_by_zero},
    {"ubsan-divide", overflow_division},
    {"ubsan-shift", shift_too_far},
    {"ubsan-index", index_beyond_array},
    {"ubsan-tail", index_beyond_tail},
    {"ubsan-null", load_null},
    {"ubsan-misaligned", load_misaligned},
    {"ubsan-bool", load_bool},
    {"ubsan-enum", load_enum},
    {"ubsan-pointer", move_pointer_around},
    {"ubsan-builtin", count_zeros_of_zero},
    {"ubsan-unreachable", reach_unreachable},
    {"ubsan-return", end_without_value},
};

} // namespace

std::span<const failure> undefined_failures() {
    return failures;
}

} // namespace kernel
