#pragma once
// Kernel memory in bytes. Up to 2 KiB: objects of a size class, cut from slabs; above: whole blocks of
// frames, so big sizes round up to a power of two of pages. Memory is aligned to 16 bytes (to its size,
// if that is a power of two), physically contiguous, readable and writable, not executable, not zeroed.
//
// operator new(size, std::nothrow) and delete use it with mem_tag::kernel; `new (mem_tag::file) T` names
// another tag. All of them give nullptr on failure, and there is no throwing new.

#include "kernel/mm/mem_tag.hpp"
#include "kernel/sanitizer/kasan.hpp"

#include <cstddef>
#include <new>

namespace mm {

/// nullptr when memory is short or size_bytes is above 4 MiB. Any context.
[[nodiscard]] void* kmalloc(size_t size_bytes, mem_tag tag);
[[nodiscard]] void* kmalloc_zeroed(size_t size_bytes, mem_tag tag);

/// Gives back what kmalloc returned; nullptr is allowed. Freeing twice stops the machine. Any context.
void kfree(void* memory);

/// Stops the machine unless length_bytes at memory lie inside one object: of kmalloc, a block of frames, or
/// whatever is not the allocators' (stacks, variables). The user copies call it, so that a wrong length can
/// neither show nor overwrite a neighbour.
void check_object_span(const void* memory, size_t length_bytes, kasan::access how);

} // namespace mm

/// Allocates under a tag; nullptr on failure, and then no constructor runs.
void* operator new(size_t size_bytes, mm::mem_tag tag) noexcept;
void* operator new[](size_t size_bytes, mm::mem_tag tag) noexcept;
void operator delete(void* memory, mm::mem_tag tag) noexcept;
