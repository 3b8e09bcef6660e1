#include "fuzz/support/arena.hpp"

#include "fuzz/support/world.hpp"

#include <sanitizer/asan_interface.h>

namespace fuzz {

namespace {

constexpr size_t arena_bytes = 512 * 1024;
constexpr size_t gap_bytes = 32; ///< its end holds the length of the block behind it

alignas(4096) uint8_t memory[arena_bytes];

/// Without the sanitizer's look at every byte, which the poisoned gaps would not survive.
void copy(void* to, const void* from, size_t length) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

} // namespace

arena the_arena;

void arena::open() {
    ASAN_UNPOISON_MEMORY_REGION(memory, used_);
    open_ = true;
    used_ = 0;
    gaps_.clear();
    free_.clear();
}

void* arena::allocate(size_t length_bytes) {
    for (size_t i = 0; i < free_.size(); i++) {
        if (free_[i].length == length_bytes) {
            void* block = memory + free_[i].place;
            free_[i] = free_.back();
            free_.pop_back();
            ASAN_UNPOISON_MEMORY_REGION(block, length_bytes);
            return block;
        }
    }
    const size_t room = (length_bytes + 15) / 16 * 16;
    require(used_ + gap_bytes + room + gap_bytes <= arena_bytes, "the arena is too small");
    gaps_.push_back(static_cast<uint32_t>(used_));
    uint8_t* block = memory + used_ + gap_bytes;
    std::memcpy(block - sizeof(length_bytes), &length_bytes, sizeof(length_bytes));
    ASAN_POISON_MEMORY_REGION(block - gap_bytes, gap_bytes);
    used_ += gap_bytes + room;
    std::memset(block, 0xa5, length_bytes); // nobody may rely on zeros
    return block;
}

bool arena::owns(const void* block) const {
    return block >= memory && block < memory + arena_bytes;
}

void arena::release(void* block) {
    auto* length_place = static_cast<uint8_t*>(block) - sizeof(size_t);
    require(!__asan_address_is_poisoned(block), "a block is given back twice");
    ASAN_UNPOISON_MEMORY_REGION(length_place, sizeof(size_t));
    size_t length_bytes = 0;
    std::memcpy(&length_bytes, length_place, sizeof(length_bytes));
    ASAN_POISON_MEMORY_REGION(length_place, sizeof(size_t));
    ASAN_POISON_MEMORY_REGION(block, length_bytes);
    if (open_) {
        free_.push_back({static_cast<uint32_t>(static_cast<uint8_t*>(block) - memory), length_bytes});
    }
}

arena::image arena::freeze() {
    open_ = false;
    image kept;
    kept.bytes.resize(used_);
    kept.gaps = gaps_;
    kept.free = free_;
    copy(kept.bytes.data(), memory, used_);
    return kept;
}

void arena::restore(const image& kept) {
    ASAN_UNPOISON_MEMORY_REGION(memory, used_ > kept.bytes.size() ? used_ : kept.bytes.size());
    used_ = kept.bytes.size();
    copy(memory, kept.bytes.data(), used_);
    for (const uint32_t gap : kept.gaps) {
        ASAN_POISON_MEMORY_REGION(memory + gap, gap_bytes);
    }
    for (const block& each : kept.free) {
        ASAN_POISON_MEMORY_REGION(memory + each.place, each.length);
    }
}

} // namespace fuzz
