// One wrong access for each kind of report of the address sanitizer. tests/guest/test_sanitizers.py boots
// with crash=NAME and reads what was said.

#include "kernel/crash_failure.hpp"

#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/user_ptr.hpp"
#include "kernel/mm/vmap.hpp"

#include <cstddef>
#include <cstdint>

namespace kernel {
namespace {

using byte_pointer = volatile uint8_t*;

constexpr size_t object_bytes = 60;

/// Not the first object of its slab, so that there is one in front of it.
uint8_t* make_object() {
    (void)mm::kmalloc(object_bytes, mm::mem_tag::kernel);
    return static_cast<uint8_t*>(mm::kmalloc(object_bytes, mm::mem_tag::kernel));
}

void touch(const uint8_t* at) {
    opaque(*static_cast<const volatile uint8_t*>(at));
}

void heap_read_right() {
    touch(opaque(make_object()) + opaque(object_bytes));
}

void heap_read_left() {
    touch(opaque(make_object()) - opaque(size_t{1}));
}

void heap_write_right() {
    *static_cast<byte_pointer>(opaque(make_object()) + opaque(object_bytes)) = 1;
}

void heap_write_left() {
    *static_cast<byte_pointer>(opaque(make_object()) - opaque(size_t{1})) = 1;
}

/// Above 2 KiB kmalloc hands out frames.
void heap_block() {
    touch(opaque(static_cast<uint8_t*>(mm::kmalloc(5000, mm::mem_tag::kernel))) + opaque(size_t{5000}));
}

void heap_copy() {
    uint8_t* const object = make_object();
    memset(opaque(object), 1, opaque(object_bytes + 1));
}

void use_after_free() {
    uint8_t* const object = make_object();
    mm::kfree(object);
    touch(opaque(object) + opaque(size_t{8}));
}

/// Its place is not given to those who ask next.
void use_after_others_came() {
    uint8_t* const object = make_object();
    mm::kfree(object);
    for (int i = 0; i < 50; i++) {
        (void)make_object();
    }
    touch(opaque(object));
}

void use_page_after_free() {
    mm::frame* const page = mm::allocate_frames(0, mm::mem_tag::kernel);
    auto* const memory = static_cast<uint8_t*>(mm::frame_to_virtual(*page));
    mm::page_put(*page);
    touch(opaque(memory));
}

void double_free() {
    uint8_t* const object = make_object();
    mm::kfree(object);
    mm::kfree(opaque(object));
}

void free_inside() {
    mm::kfree(opaque(make_object()) + opaque(size_t{8}));
}

void free_variable() {
    uint8_t local[object_bytes] = {};
    mm::kfree(opaque(&local[0]));
}

void stack_read() {
    uint8_t local[object_bytes] = {};
    touch(opaque(&local[0]) + opaque(object_bytes));
}

uint8_t numbers[object_bytes];

void global_read() {
    touch(opaque(&numbers[0]) + opaque(object_bytes));
}

void use_after_scope() {
    uint8_t* leaked;
    {
        uint8_t local[object_bytes] = {};
        leaked = opaque(&local[0]);
    }
    touch(opaque(leaked));
}

/// Below the stack of this thread or of the next one.
void stack_guard() {
    const uint64_t top = mm::allocate_kernel_stack().value_or(0);
    touch(reinterpret_cast<const uint8_t*>(opaque(top - mm::kernel_stack_bytes - 8)));
}

/// A wrong length would show a program what lies behind the object.
void user_copy_overrun() {
    const uint8_t* const object = make_object();
    (void)mm::copy_to_user(mm::user_ptr<void>(mm::user_start), opaque(object), opaque(object_bytes + 1));
}

void user_copy_from_freed() {
    uint8_t* const object = make_object();
    mm::kfree(object);
    (void)mm::copy_from_user(opaque(object), mm::user_ptr<void>(mm::user_start), opaque(object_bytes));
}

constexpr failure failures[] = {
    {"kasan-read-right", heap_read_right},
    {"kasan-read-left", heap_read_left},
    {"kasan-write-right", heap_write_right},
    {"kasan-write-left", heap_write_left},
    {"kasan-block", heap_block},
    {"kasan-memset", heap_copy},
    {"kasan-use-after-free", use_after_free},
    {"kasan-reuse", use_after_others_came},
    {"kasan-page-after-free", use_page_after_free},
    {"kasan-double-free", double_free},
    {"kasan-free-inside", free_inside},
    {"kasan-free-variable", free_variable},
    {"kasan-stack", stack_read},
    {"kasan-global", global_read},
    {"kasan-scope", use_after_scope},
    {"kasan-guard", stack_guard},
    {"kasan-copy-out", user_copy_overrun},
    {"kasan-copy-in", user_copy_from_freed},
};

} // namespace

std::span<const failure> memory_failures() {
    return failures;
}

} // namespace kernel
