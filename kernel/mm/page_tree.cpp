// The tree behind the pages of a file or of shared memory. On level 0 stands a frame; a node on level n has
// slots for level n - 1 and covers 64^n pages. The tree grows at the top: a new root takes the old one as its
// slot 0. It shrinks only when pages are dropped, and then empty nodes go at once.

#include "kernel/mm/page_tree.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/assert.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/kmalloc.hpp"

namespace mm {

page_tree::~page_tree() {
    ASSERT(root_ == nullptr && count_ == 0);
}

frame* page_tree::find(uint64_t index) const {
    if (!covers(index)) {
        return nullptr;
    }
    void* at = root_;
    for (unsigned level = height_; level > 0 && at != nullptr; level--) {
        at = static_cast<node*>(at)->slots[(index >> (bits * (level - 1))) % fan_out];
    }
    return static_cast<frame*>(at);
}

lib::result<void> page_tree::grow(uint64_t index) {
    while (!covers(index)) {
        if (root_ != nullptr) {
            auto* top = new (mem_tag::file) node();
            if (top == nullptr) {
                return lib::error{ENOMEM};
            }
            top->slots[0] = root_;
            root_ = top;
        }
        height_++;
    }
    return {};
}

lib::result<void> page_tree::insert(uint64_t index, frame* page) {
    if (index >= index_limit) {
        return lib::error{EFBIG};
    }
    TRY(grow(index));
    void** slot = &root_;
    for (unsigned level = height_; level > 0; level--) {
        if (*slot == nullptr) {
            auto* below = new (mem_tag::file) node();
            if (below == nullptr) {
                return lib::error{ENOMEM};
            }
            *slot = below;
        }
        slot = &static_cast<node*>(*slot)->slots[(index >> (bits * (level - 1))) % fan_out];
    }
    ASSERT(*slot == nullptr);
    *slot = page;
    count_++;
    return {};
}

/// Drops what lies at `from` and above in the sub-tree whose first page is `first`; true if it is now gone.
bool page_tree::drop_below(void* at, unsigned level, uint64_t first, uint64_t from) {
    if (level == 0) {
        if (first < from) {
            return false;
        }
        page_put(*static_cast<frame*>(at));
        count_--;
        return true;
    }
    auto* here = static_cast<node*>(at);
    const uint64_t step = uint64_t{1} << (bits * (level - 1));
    bool empty = true;
    for (unsigned i = 0; i < fan_out; i++) {
        void*& slot = here->slots[i];
        if (slot != nullptr && first + (i + 1) * step > from &&
            drop_below(slot, level - 1, first + i * step, from)) {
            slot = nullptr;
        }
        empty = empty && slot == nullptr;
    }
    if (empty) {
        delete here;
    }
    return empty;
}

void page_tree::drop_from(uint64_t index) {
    if (root_ != nullptr && drop_below(root_, height_, 0, index)) {
        root_ = nullptr;
        height_ = 0;
    }
}

} // namespace mm
