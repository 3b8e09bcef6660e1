#pragma once
// A sparse array of page frames: page number -> frame. A tree of nodes with 64 slots that is only as high
// as its largest index needs; a file of one page needs no node at all.

#include "kernel/lib/result.hpp"

#include <cstddef>
#include <cstdint>

namespace mm {

struct frame;

class page_tree {
public:
    /// One more than the largest page number: 64^5 pages, 4 TiB.
    static constexpr uint64_t index_limit = uint64_t{1} << 30;

    page_tree() = default;
    page_tree(const page_tree&) = delete;
    page_tree& operator=(const page_tree&) = delete;
    ~page_tree(); ///< Must be empty: see drop_from(0).

    /// The frame at the index or nullptr. The owner's lock is held, as for all that follows.
    frame* find(uint64_t index) const;
    /// Stores a frame where none was and takes over its count. May allocate, does not sleep. ENOMEM, EFBIG.
    lib::result<void> insert(uint64_t index, frame* page);
    /// Takes out all frames at index and above and gives their counts back.
    void drop_from(uint64_t index);
    /// Frames stored.
    size_t count() const { return count_; }

private:
    static constexpr unsigned bits = 6;
    static constexpr unsigned fan_out = 1u << bits;
    struct node {
        void* slots[fan_out]; ///< Nodes, or frames on the lowest level.
    };

    bool covers(uint64_t index) const { return (index >> (bits * height_)) == 0; }
    lib::result<void> grow(uint64_t index);
    bool drop_below(void* at, unsigned level, uint64_t first, uint64_t from);

    void* root_ = nullptr; ///< A frame if height_ is 0, else a node.
    unsigned height_ = 0;
    size_t count_ = 0;
};

} // namespace mm
