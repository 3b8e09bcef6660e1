#pragma once
// How an input starts from a whole stack with open sockets without paying for making it: everything that is
// allocated while a scene is being set up lies in one arena, whose bytes are kept. The next input with the
// same scene starts from a copy of them at the same addresses: a few microseconds instead of hundreds, and
// the same history byte by byte, so that a crash needs nothing but its input.
//
// Between the blocks of the arena lie poisoned gaps, and a block that was given back is poisoned, so that the
// address sanitizer watches it like any other memory.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fuzz {

class arena {
public:
    /// Empties the arena; blocks come from it until freeze().
    void open();
    bool is_open() const { return open_; }
    void* allocate(size_t length_bytes);
    bool owns(const void* block) const;
    void release(void* block);

    struct block {
        uint32_t place;
        size_t length;
    };
    struct image {
        std::vector<uint8_t> bytes;
        std::vector<uint32_t> gaps; ///< where each begins
        std::vector<block> free;
    };
    /// Keeps what the blocks hold now. From here on allocations are the heap's.
    image freeze();
    /// Makes all blocks what they were when the image was taken.
    void restore(const image& kept);

private:
    bool open_ = false;
    size_t used_ = 0;
    std::vector<uint32_t> gaps_;
    std::vector<block> free_; ///< given back while it was open; used again for the same length
};

extern arena the_arena;

} // namespace fuzz
