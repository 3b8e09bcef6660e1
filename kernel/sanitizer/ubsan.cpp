// What -fsanitize=undefined calls when a check fails: say what happened, where and with which values, and
// stop. Built only with UBSAN=1 (kernel/sanitizer/rules.mk chooses the checks).
//
// The structures are those that GCC lays down beside each check; the layout is LLVM's, whose run-time library
// is their reference (compiler-rt/lib/ubsan/ubsan_handlers.h, ubsan_value.h).

#include "kernel/arch/panic.hpp"
#include "kernel/lib/format.hpp"

#include <cstdarg>
#include <cstdint>

namespace {

struct source_location {
    const char* file;
    uint32_t line;
    uint32_t column;
};

enum class type_kind : uint16_t { integer = 0, real = 1, unknown = 0xffff };

struct type_descriptor {
    type_kind kind;
    uint16_t info; ///< Of an integer: bit 0 set if signed, above it the binary logarithm of its bits.
    char name[];   ///< In quotes.

    bool is_signed() const { return (info & 1) != 0; }
    unsigned bits() const { return 1u << (info >> 1); }
};

/// An integer of up to 64 bits itself, the address of a bigger one.
using value_handle = uint64_t;

struct overflow_data {
    source_location place;
    const type_descriptor* type;
};

struct shift_data {
    source_location place;
    const type_descriptor* left_type;
    const type_descriptor* right_type;
};

struct bounds_data {
    source_location place;
    const type_descriptor* array_type;
    const type_descriptor* index_type;
};

struct type_mismatch_data {
    source_location place;
    const type_descriptor* type;
    uint8_t alignment_logarithm;
    uint8_t access;
};

struct invalid_value_data {
    source_location place;
    const type_descriptor* type;
};

struct place_data {
    source_location place;
};

struct builtin_data {
    source_location place;
    uint8_t builtin; ///< 0: count of trailing zeros, 1: of leading zeros.
};

constexpr const char* access_names[] = {
    "load of",
    "store to",
    "reference binding to",
    "member access within",
    "member call on",
    "construction",
    "downcast of",
    "downcast of",
    "upcast of",
    "cast to virtual base of",
    "nonnull binding to",
    "dynamic operation on",
};

/// A value as text, in a buffer of its own.
struct shown_value {
    char text[24];

    shown_value(const type_descriptor& type, value_handle value) {
        if (type.kind != type_kind::integer || type.bits() > 64) {
            lib::format(text, sizeof text, "(%u bits)", type.bits());
        } else if (type.is_signed()) {
            const unsigned unused = 64 - type.bits();
            lib::format(text, sizeof text, "%ld", static_cast<int64_t>(value << unused) >> unused);
        } else {
            lib::format(text, sizeof text, "%lu", value);
        }
    }
};

[[noreturn, gnu::format(printf, 2, 3)]] void fail(const source_location& place, const char* text, ...) {
    char line[128];
    va_list arguments;
    va_start(arguments, text);
    lib::format_arguments(line, sizeof line, text, arguments);
    va_end(arguments);
    arch::panic("UBSan: %s at %s:%u:%u", line, place.file, place.line, place.column);
}

[[noreturn]] void fail_overflow(const overflow_data& data, const char* operation, value_handle left,
                                value_handle right) {
    const shown_value first(*data.type, left), second(*data.type, right);
    fail(data.place, "overflow: %s %s %s in type %s", first.text, operation, second.text, data.type->name);
}

} // namespace

// Called by name from compiled code; _abort: the check's code does not expect them to return.
extern "C" {

[[noreturn]] void __ubsan_handle_add_overflow_abort(const overflow_data* data, value_handle left,
                                                    value_handle right) {
    fail_overflow(*data, "+", left, right);
}

[[noreturn]] void __ubsan_handle_sub_overflow_abort(const overflow_data* data, value_handle left,
                                                    value_handle right) {
    fail_overflow(*data, "-", left, right);
}

[[noreturn]] void __ubsan_handle_mul_overflow_abort(const overflow_data* data, value_handle left,
                                                    value_handle right) {
    fail_overflow(*data, "*", left, right);
}

[[noreturn]] void __ubsan_handle_negate_overflow_abort(const overflow_data* data, value_handle value) {
    const shown_value shown(*data->type, value);
    fail(data->place, "overflow: -(%s) in type %s", shown.text, data->type->name);
}

[[noreturn]] void __ubsan_handle_divrem_overflow_abort(const overflow_data* data, value_handle left,
                                                       value_handle right) {
    const shown_value shown(*data->type, left);
    if (right == 0) {
        fail(data->place, "division of %s by zero", shown.text);
    }
    fail(data->place, "overflow: %s / -1 in type %s", shown.text, data->type->name);
}

/// Since C++20 only the distance can be wrong.
[[noreturn]] void __ubsan_handle_shift_out_of_bounds_abort(const shift_data* data, value_handle left,
                                                           value_handle right) {
    const shown_value value(*data->left_type, left), distance(*data->right_type, right);
    fail(data->place, "shift of %s by %s, type %s", value.text, distance.text, data->left_type->name);
}

[[noreturn]] void __ubsan_handle_out_of_bounds_abort(const bounds_data* data, value_handle index) {
    const shown_value shown(*data->index_type, index);
    fail(data->place, "index %s out of bounds for type %s", shown.text, data->array_type->name);
}

/// Null or misaligned.
[[noreturn]] void __ubsan_handle_type_mismatch_v1_abort(const type_mismatch_data* data, uint64_t pointer) {
    const char* const access = access_names[data->access];
    const uint64_t alignment = uint64_t{1} << data->alignment_logarithm;
    if (pointer == 0) {
        fail(data->place, "%s null pointer of type %s", access, data->type->name);
    }
    fail(data->place, "%s misaligned address %#lx for type %s, which wants %lu bytes", access, pointer,
         data->type->name, alignment);
}

[[noreturn]] void __ubsan_handle_load_invalid_value_abort(const invalid_value_data* data,
                                                          value_handle value) {
    const shown_value shown(*data->type, value);
    fail(data->place, "load of value %s, which is none of type %s", shown.text, data->type->name);
}

[[noreturn]] void __ubsan_handle_pointer_overflow_abort(const place_data* data, uint64_t base, uint64_t sum) {
    fail(data->place, "pointer %#lx moved to %#lx", base, sum);
}

[[noreturn]] void __ubsan_handle_invalid_builtin_abort(const builtin_data* data) {
    fail(data->place, "zero passed to a builtin that counts %s zeros",
         data->builtin == 0 ? "trailing" : "leading");
}

[[noreturn]] void __ubsan_handle_builtin_unreachable(const place_data* data) {
    fail(data->place, "unreachable code reached");
}

[[noreturn]] void __ubsan_handle_missing_return(const place_data* data) {
    fail(data->place, "end of a function without its return value");
}

} // extern "C"
