#pragma once
// The kernel's own virtual memory outside the direct map: stacks, each with an unmapped guard page below
// so that running out of one faults instead of overwriting a neighbour, and windows to device registers.

#include "kernel/lib/result.hpp"
#include "kernel/sanitizer/kasan.hpp"

#include <cstddef>
#include <cstdint>

namespace mm {

/// Red zones make frames bigger.
constexpr size_t kernel_stack_bytes = (kasan::enabled ? 32 : 16) * 1024;

/// A kernel stack; returns its upper end, where pushing starts. ENOMEM. Process context.
lib::result<uint64_t> allocate_kernel_stack();
/// Gives a stack back that no CPU runs on any more. Any context but irq.
void free_kernel_stack(uint64_t stack_top);

enum class device_caching : uint8_t { uncached, write_combining };

/// Maps device memory for good and returns where. Registers are uncached; frame buffers may combine
/// writes. ENOMEM. Process context or boot.
lib::result<void*> map_device(uint64_t physical, size_t length_bytes, device_caching caching);

} // namespace mm
