#include "fuzz/support/arena.hpp"

#include "fuzz/support/world.hpp"

#include <sanitizer/asan_interface.h>

extern "C" void __asan_get_shadow_mapping(size_t* scale, size_t* offset);

namespace fuzz {

namespace {

constexpr size_t arena_bytes = 8 << 20;
constexpr size_t gap_bytes = 32;  ///< in front of every block; its end holds the length of the block
constexpr size_t granule = 8;     ///< bytes that one byte of shadow speaks for
constexpr uint8_t pattern = 0xa5; ///< in fresh blocks: nobody may rely on zeros

alignas(4096) uint8_t memory[arena_bytes];

/// Without the sanitizer's look at every byte: the gaps are poisoned.
void copy(void* to, const void* from, size_t length) {
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
}

uint8_t* shadow_of_memory() {
    size_t scale = 0;
    size_t offset = 0;
    __asan_get_shadow_mapping(&scale, &offset);
    require(size_t{1} << scale == granule, "another shadow than expected");
    return reinterpret_cast<uint8_t*>((reinterpret_cast<uintptr_t>(memory) >> scale) + offset);
}

size_t length_of(const uint8_t* block) {
    size_t length = 0;
    copy(&length, block - sizeof(length), sizeof(length));
    return length;
}

} // namespace

arena the_arena;

void arena::open() {
    ASAN_POISON_MEMORY_REGION(memory, arena_bytes);
    open_ = true;
    used_ = 0;
    free_.clear();
}

void* arena::allocate(size_t length_bytes) {
    uint8_t* block = nullptr;
    for (size_t i = 0; open_ && i < free_.size() && block == nullptr; i++) {
        if (free_[i].length == length_bytes) {
            block = memory + free_[i].offset;
            free_[i] = free_.back();
            free_.pop_back();
        }
    }
    if (block == nullptr) {
        const size_t room = gap_bytes + (length_bytes + 15) / 16 * 16;
        if (room + gap_bytes > arena_bytes - used_) {
            require(!open_, "the arena is too small for this scene");
            return nullptr;
        }
        block = memory + used_ + gap_bytes;
        used_ += room;
        copy(block - sizeof(length_bytes), &length_bytes, sizeof(length_bytes));
    }
    ASAN_UNPOISON_MEMORY_REGION(block, length_bytes);
    std::memset(block, pattern, length_bytes);
    return block;
}

bool arena::owns(const void* block) const {
    return block >= memory && block < memory + arena_bytes;
}

void arena::release(void* block) {
    auto* bytes = static_cast<uint8_t*>(block);
    require(!__asan_address_is_poisoned(block), "a block is given back twice");
    const size_t length = length_of(bytes);
    ASAN_POISON_MEMORY_REGION(block, length);
    if (open_) {
        free_.push_back({static_cast<size_t>(bytes - memory), length});
    }
}

arena::image arena::freeze() {
    open_ = false;
    used_ = (used_ + gap_bytes - 1) / gap_bytes * gap_bytes;
    image kept;
    kept.bytes.resize(used_);
    kept.shadow.resize(used_ / granule);
    copy(kept.bytes.data(), memory, used_);
    copy(kept.shadow.data(), shadow_of_memory(), used_ / granule);
    return kept;
}

void arena::restore(const image& kept) {
    const size_t size = kept.bytes.size();
    if (used_ > size) {
        ASAN_POISON_MEMORY_REGION(memory + size, used_ - size);
    }
    used_ = size;
    copy(memory, kept.bytes.data(), size);
    copy(shadow_of_memory(), kept.shadow.data(), size / granule);
}

} // namespace fuzz
