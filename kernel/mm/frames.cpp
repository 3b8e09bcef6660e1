// The buddy system (Knuth, The Art of Computer Programming 1, 2.5). Free blocks of each order are in a
// list; a block of order n begins at a multiple of 2^n frames, and its buddy is the block whose number
// differs in bit n. Allocation splits the smallest block that is big enough; freeing joins buddies as
// long as the other one is free and whole.
//
// Most blocks are single frames that come and go quickly. The last ones freed are kept in a list of their
// own, in front of the buddy system, which would split and join all the way each time; they go back to it
// when a bigger block is not to be had otherwise.
//
// The struct frame of a block's first frame describes the block. Invariants: a frame with state free and a
// link in list n has order n; no frame of a free block other than the first has state free.

#include "kernel/mm/frames.hpp"

#include "kernel/arch/spinlock.hpp"
#include "kernel/lib/assert.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames_setup.hpp"
#include "kernel/sanitizer/kasan.hpp"

namespace mm {
namespace {

constexpr size_t most_recent = 64;
constexpr uint32_t saturated_references = 0x7fffffff; ///< Leaks a frame rather than freeing it early.

constinit arch::spinlock frames_lock{lib::lock_rank::frames};
// Guarded by frames_lock.
frame* free_lists[max_order + 1];
frame* recent_frames = nullptr; ///< Single frames of state recent, linked by next, the last freed first.
size_t recent_count = 0;
size_t free_frames = 0;     ///< In the lists and among the recent ones.
size_t reserved_frames = 0; ///< For the kernel alone.

// Constant after setup.
frame* frames = nullptr;
size_t frame_count = 0;
size_t managed_frames = 0;

size_t number_of(const frame& block) {
    return static_cast<size_t>(&block - frames);
}

void link_free_locked(frame& block, unsigned order) {
    block.state = frame_state::free;
    block.order = static_cast<uint8_t>(order);
    block.previous = nullptr;
    block.next = free_lists[order];
    if (block.next != nullptr) {
        block.next->previous = &block;
    }
    free_lists[order] = &block;
}

void unlink_free_locked(frame& block) {
    if (block.previous != nullptr) {
        block.previous->next = block.next;
    } else {
        free_lists[block.order] = block.next;
    }
    if (block.next != nullptr) {
        block.next->previous = block.previous;
    }
    block.state = frame_state::used;
}

/// Joins a block with its free neighbours.
void join_block_locked(frame* block, unsigned order) {
    size_t number = number_of(*block);
    while (order < max_order) {
        const size_t buddy_number = number ^ size_t { 1 } << order;
        if (buddy_number >= frame_count) {
            break;
        }
        frame& buddy = frames[buddy_number];
        if (buddy.state != frame_state::free || buddy.order != order) {
            break;
        }
        unlink_free_locked(buddy);
        number &= buddy_number;
        ++order;
    }
    link_free_locked(frames[number], order);
}

/// The last frames are for the kernel: programs must run out of memory before the network and the console
/// do. New threads stop first (a fork that fails harms nobody), then pages of those that run.
size_t reserve_against(mem_tag tag) {
    switch (tag) {
    case mem_tag::stack:
        return 2 * reserved_frames;
    case mem_tag::user:
    case mem_tag::page_cache:
    case mem_tag::page_table:
        return reserved_frames;
    default:
        return 0;
    }
}

void free_block_locked(frame& block, unsigned order) {
    free_frames += size_t{1} << order;
    if (order != 0 || recent_count == most_recent) {
        join_block_locked(&block, order);
        return;
    }
    block.state = frame_state::recent;
    block.next = recent_frames;
    recent_frames = &block;
    ++recent_count;
}

frame* take_recent_locked() {
    frame* const block = recent_frames;
    recent_frames = block->next;
    --recent_count;
    return block;
}

/// The smallest free block of at least this order, cut down to it. nullptr if there is none.
frame* take_block_locked(unsigned order) {
    unsigned found = order;
    while (found <= max_order && free_lists[found] == nullptr) {
        ++found;
    }
    if (found > max_order) {
        return nullptr;
    }
    frame* const block = free_lists[found];
    unlink_free_locked(*block);
    while (found > order) {
        --found;
        link_free_locked(*(block + (size_t{1} << found)), found);
    }
    return block;
}

frame* allocate_locked(unsigned order) {
    frame* block = nullptr;
    if (order == 0 && recent_frames != nullptr) {
        block = take_recent_locked();
    } else {
        block = take_block_locked(order);
        while (block == nullptr && recent_frames != nullptr) {
            join_block_locked(take_recent_locked(), 0);
            block = take_block_locked(order);
        }
    }
    free_frames -= block != nullptr ? size_t{1} << order : 0;
    return block;
}

} // namespace

frame* allocate_frames(unsigned order, mem_tag tag) {
    if (order > max_order) {
        return nullptr;
    }
    frame* block;
    {
        arch::spin_guard guard(frames_lock);
        const bool allowed = free_frames >= reserve_against(tag) + (size_t{1} << order);
        block = allowed ? allocate_locked(order) : nullptr;
    }
    if (block == nullptr) {
        return nullptr;
    }
    block->references = 1;
    block->order = static_cast<uint8_t>(order);
    block->state = frame_state::used;
    block->tag = tag;
    block->next = block->previous = nullptr;
    count_memory(tag, static_cast<ptrdiff_t>(page_size << order));
    if constexpr (kasan::enabled) {
        kasan::allow(frame_to_virtual(*block), page_size << order);
    }
    return block;
}

frame* allocate_zeroed_frame(mem_tag tag) {
    frame* const fresh = allocate_frames(0, tag);
    if (fresh != nullptr) {
        clear_page(frame_to_virtual(*fresh));
    }
    return fresh;
}

void page_get(frame& block) {
    const uint32_t before = __atomic_fetch_add(&block.references, 1, __ATOMIC_RELAXED);
    ASSERT(before != 0);
    if (before >= saturated_references) {
        __atomic_store_n(&block.references, saturated_references, __ATOMIC_RELAXED);
    }
}

void page_put(frame& block) {
    if (page_references(block) >= saturated_references) {
        return;
    }
    const uint32_t before = __atomic_fetch_sub(&block.references, 1, __ATOMIC_ACQ_REL);
    ASSERT(before != 0);
    if (before != 1) {
        return;
    }
    count_memory(block.tag, -static_cast<ptrdiff_t>(page_size << block.order));
    if constexpr (kasan::enabled) {
        kasan::forbid(frame_to_virtual(block), page_size << block.order, kasan::poison::free_page);
    }
    arch::spin_guard guard(frames_lock);
    free_block_locked(block, block.order);
}

uint32_t page_references(const frame& block) {
    return __atomic_load_n(&block.references, __ATOMIC_RELAXED);
}

uint64_t frame_to_physical(const frame& block) {
    return number_of(block) * page_size;
}

void* frame_to_virtual(const frame& block) {
    return physical_to_virtual(frame_to_physical(block));
}

frame& physical_to_frame(uint64_t physical) {
    ASSERT(physical / page_size < frame_count);
    return frames[physical / page_size];
}

frame& virtual_to_frame(const void* direct_map_address) {
    return physical_to_frame(reinterpret_cast<uint64_t>(direct_map_address) - direct_map);
}

uint64_t end_of_direct_map() {
    return frame_count * page_size;
}

size_t free_frame_count() {
    arch::spin_guard guard(frames_lock);
    return free_frames;
}

size_t total_frame_count() {
    return managed_frames;
}

void clear_page(void* page) {
    memset(page, 0, page_size);
}

void copy_page(void* to, const void* from) {
    memcpy(to, from, page_size);
}

void setup_frames(frame* array, size_t count) {
    memset(array, 0, count * sizeof(frame));
    frames = array;
    frame_count = count;
}

void add_free_frames(uint64_t physical_start, uint64_t physical_end) {
    size_t number = page_align_up(physical_start) / page_size;
    const size_t end = page_align_down(physical_end) / page_size;
    arch::spin_guard guard(frames_lock);
    while (number < end) {
        unsigned order = number == 0 ? max_order : static_cast<unsigned>(__builtin_ctzl(number));
        order = order < max_order ? order : max_order;
        while (number + (size_t{1} << order) > end) {
            --order;
        }
        if constexpr (kasan::enabled) {
            kasan::forbid(frame_to_virtual(frames[number]), page_size << order, kasan::poison::free_page);
        }
        managed_frames += size_t{1} << order;
        free_frames += size_t{1} << order;
        join_block_locked(&frames[number], order);
        number += size_t{1} << order;
    }
    reserved_frames = managed_frames / 64; // 256 KiB of 16 MiB
}

void release_boot_memory(uint64_t physical, uint64_t length) {
    add_free_frames(physical, physical + length);
}

} // namespace mm
