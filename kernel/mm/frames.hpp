#pragma once
// Page frames: all RAM in pages of 4 KiB, handed out in blocks of 2^order contiguous, naturally aligned
// frames by a buddy system. Every frame has a struct frame with a count of references. Blocks are
// addressed by their first frame. One spin lock guards the free lists; counts are atomic.

#include "kernel/mm/layout.hpp"
#include "kernel/mm/mem_tag.hpp"

#include <cstddef>
#include <cstdint>

namespace mm {

enum class frame_state : uint8_t {
    reserved,
    free,   ///< First frame of a block in a free list.
    recent, ///< A single free frame that is kept apart.
    used,
    slab
};

struct frame {
    uint32_t references; ///< Of the first frame of a used block. Atomic.
    uint8_t order;       ///< Of the first frame of a free or used block.
    frame_state state;
    mem_tag tag;
    uint8_t slab_class; ///< kmalloc's size class, for state slab.
    void* slab_free;    ///< kmalloc's list of free objects.
    frame* next;        ///< Neighbours in a free list or slab list. A frame in use as neither: its user's.
    frame* previous;
};

constexpr unsigned max_order = 10; ///< 4 MiB.

/// 2^order frames, contents undefined, one reference. nullptr when there is no such block, or
/// when only the kernel's reserve is left and the tag is one of what programs cause. Any context.
[[nodiscard]] frame* allocate_frames(unsigned order, mem_tag tag);
/// One frame of zero bytes. nullptr when there is none. Any context.
[[nodiscard]] frame* allocate_zeroed_frame(mem_tag tag);

/// Adds and gives back a reference to a block; the last one frees it. Any context.
void page_get(frame& block);
void page_put(frame& block);
uint32_t page_references(const frame& block);

uint64_t frame_to_physical(const frame& block);
void* frame_to_virtual(const frame& block);
/// The frame of an address in RAM. The address must be RAM that the allocator knows.
frame& physical_to_frame(uint64_t physical);
frame& virtual_to_frame(const void* direct_map_address);

/// The first physical address that has no struct frame.
uint64_t end_of_direct_map();

/// Frames in the free lists, and frames managed in all.
size_t free_frame_count();
size_t total_frame_count();

/// Sets all bytes of a page to zero, or copies one, with 64-bit moves (fast under emulation).
void clear_page(void* page);
void copy_page(void* to, const void* from);

/// Hands RAM to the allocator that the loader had filled: the initramfs after it was unpacked. The range
/// is shrunk to whole pages. Once per range.
void release_boot_memory(uint64_t physical, uint64_t length);

} // namespace mm
