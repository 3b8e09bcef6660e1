// The kernel's virtual memory outside the direct map.
//
//   vmap_base            stacks: slots of two stacks' size, the lower half never mapped (guard), the upper
//   the stack vmap_base + 1 TiB    device windows, handed out once and for all vmap_base + 2 TiB    one page
//   to look at firmware tables through
//
// A few freed stacks stay mapped for the next thread: making one costs four frames to map and unmap. Only
// the CPU that frees a stack can have its pages in the TLB as long as one CPU runs; with more, unmapping
// needs a shootdown, and cpus_online() below guards that assumption.

#include "kernel/mm/vmap.hpp"

#include "kernel/abi/errno.h"
#include "kernel/arch/device_memory.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/arch/spinlock.hpp"
#include "kernel/arch/trap.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/page_table.hpp"

extern "C" char boot_thread_stack[];

namespace mm {
namespace {

constexpr uint64_t slot_bytes = 2 * kernel_stack_bytes;
constexpr size_t most_stacks = 4096;
constexpr uint64_t stacks_end = vmap_base + most_stacks * slot_bytes;
constexpr uint64_t device_base = vmap_base + (1ull << 40);
constexpr uint64_t firmware_window = vmap_base + (2ull << 40);
constexpr size_t most_cached = 8;

constexpr uint64_t stack_flags = entry::present | entry::writable | entry::no_execute;

constinit arch::spinlock vmap_lock{lib::lock_rank::vmap};
// Guarded by vmap_lock.
uint64_t slots_in_use[most_stacks / 64]; ///< A bit each.
uint64_t cached_stacks[most_cached];
size_t cached_count = 0;
uint64_t next_device_address = device_base;

uint64_t slot_bottom(size_t slot) {
    return vmap_base + slot * slot_bytes + kernel_stack_bytes;
}

/// Index of a slot that is now taken; most_stacks if all are.
size_t take_slot_locked() {
    for (size_t word = 0; word < most_stacks / 64; ++word) {
        if (~slots_in_use[word] != 0) {
            const auto bit = static_cast<size_t>(__builtin_ctzl(~slots_in_use[word]));
            slots_in_use[word] |= uint64_t{1} << bit;
            return word * 64 + bit;
        }
    }
    return most_stacks;
}

void unmap_stack_locked(uint64_t bottom) {
    ASSERT(arch::cpus_online() == 1);
    for (uint64_t offset = 0; offset < kernel_stack_bytes; offset += page_size) {
        const uint64_t old = unmap_kernel_page(bottom + offset);
        if ((old & entry::present) != 0) {
            page_put(physical_to_frame(entry::physical(old)));
        }
    }
    const size_t slot = (bottom - vmap_base) / slot_bytes;
    if constexpr (kasan::enabled) {
        kasan::unmap_stack_shadow(vmap_base + slot * slot_bytes, slot_bytes);
    }
    slots_in_use[slot / 64] &= ~(uint64_t{1} << slot % 64);
}

bool map_stack_locked(uint64_t bottom) {
    if constexpr (kasan::enabled) {
        if (!kasan::map_stack_shadow(bottom - kernel_stack_bytes, slot_bytes)) {
            return false;
        }
    }
    for (uint64_t offset = 0; offset < kernel_stack_bytes; offset += page_size) {
        frame* const page = allocate_frames(0, mem_tag::stack);
        if (page == nullptr) {
            return false;
        }
        if (!map_kernel_page(bottom + offset, frame_to_physical(*page), stack_flags)) {
            page_put(*page);
            return false;
        }
    }
    return true;
}

} // namespace

lib::result<uint64_t> allocate_kernel_stack() {
    arch::spin_guard guard(vmap_lock);
    if (cached_count != 0) {
        const uint64_t top = cached_stacks[--cached_count];
        if constexpr (kasan::enabled) { // red zones of the thread that ended on it
            kasan::allow(reinterpret_cast<void*>(top - kernel_stack_bytes), kernel_stack_bytes);
        }
        return top;
    }
    const size_t slot = take_slot_locked();
    if (slot == most_stacks) {
        return lib::error{ENOMEM};
    }
    if (!map_stack_locked(slot_bottom(slot))) {
        unmap_stack_locked(slot_bottom(slot));
        return lib::error{ENOMEM};
    }
    return slot_bottom(slot) + kernel_stack_bytes;
}

void free_kernel_stack(uint64_t stack_top) {
    arch::spin_guard guard(vmap_lock);
    if (cached_count < most_cached) {
        cached_stacks[cached_count++] = stack_top;
        return;
    }
    unmap_stack_locked(stack_top - kernel_stack_bytes);
}

bool is_stack_guard(uint64_t address) {
    if (address - reinterpret_cast<uint64_t>(boot_thread_stack) < page_size) {
        return true;
    }
    return address >= vmap_base && address < stacks_end &&
           (address - vmap_base) % slot_bytes < kernel_stack_bytes;
}

lib::result<void*> map_device(uint64_t physical, size_t length_bytes, device_caching caching) {
    const uint64_t first = page_align_down(physical);
    const uint64_t length = page_align_up(physical + length_bytes) - first;
    const uint64_t memory_type = caching == device_caching::uncached
                                     ? entry::cache_disable | entry::write_through
                                     : entry::write_through;
    arch::spin_guard guard(vmap_lock);
    const uint64_t address = next_device_address;
    next_device_address += length + page_size; // a hole between windows
    for (uint64_t offset = 0; offset < length; offset += page_size) {
        if (!map_kernel_page(address + offset, first + offset, stack_flags | memory_type)) {
            return lib::error{ENOMEM};
        }
    }
    return reinterpret_cast<void*>(address + (physical - first));
}

} // namespace mm

namespace arch {

volatile void* map_registers(uint64_t physical, size_t length_bytes) {
    return mm::map_device(physical, length_bytes, mm::device_caching::uncached).value_or(nullptr);
}

bool read_physical(uint64_t physical, void* to, size_t length_bytes) {
    auto* out = static_cast<uint8_t*>(to);
    spin_guard guard(mm::vmap_lock);
    while (length_bytes != 0) {
        const uint64_t offset = physical % mm::page_size;
        const size_t piece = length_bytes < mm::page_size - offset ? length_bytes : mm::page_size - offset;
        if (!mm::map_kernel_page(mm::firmware_window, physical - offset,
                                 mm::entry::present | mm::entry::no_execute)) {
            return false;
        }
        memcpy(out, reinterpret_cast<const uint8_t*>(mm::firmware_window) + offset, piece);
        mm::unmap_kernel_page(mm::firmware_window);
        out += piece;
        physical += piece;
        length_bytes -= piece;
    }
    return true;
}

} // namespace arch
