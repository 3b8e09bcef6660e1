// The list of areas of an address space: looking up, finding room, putting in, splitting, taking out. All
// of it runs under the lock of the space.
//
// The list is sorted by address and areas never overlap; neighbours that belong together are joined, so
// that a growing heap stays one area. Whatever can fail for lack of memory fails before anything changed:
// areas are split first, which alters nothing by itself.

#include "kernel/abi/errno.h"
#include "kernel/mm/address_space.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/page_table.hpp"

namespace mm {
namespace {

/// mmap looks for room downwards from here; the stack lies above.
constexpr uint64_t mmap_top = 0x7ffff0000000;
/// Kept free below an area that is a stack, so that it cannot run into a neighbour unnoticed.
constexpr uint64_t stack_gap = 256 * page_size;
/// A bound on what a program can make the kernel search through.
constexpr size_t most_areas = 4096;

bool is_page_aligned(uint64_t value) {
    return value % page_size == 0;
}

/// True if second continues first: same rights, and the object's next bytes.
bool continues(const area& first, const area& second) {
    return first.end == second.start && first.prot == second.prot && first.most_prot == second.most_prot &&
           first.flags == second.flags && first.object == second.object &&
           (!first.object || first.offset + (first.end - first.start) == second.offset);
}

struct dropped {
    uint64_t pages = 0;
    bool flush;
};

void drop_entry(uint64_t& slot, uint64_t address, void* context) {
    auto& result = *static_cast<dropped*>(context);
    const uint64_t old = slot;
    slot = 0;
    if (result.flush) {
        flush_page(address);
    }
    page_put(physical_to_frame(entry::physical(old)));
    ++result.pages;
}

} // namespace

area* address_space::first_ending_after_locked(uint64_t address) {
    for (area& candidate : areas_) {
        if (candidate.end > address) {
            return &candidate;
        }
    }
    return nullptr;
}

area* address_space::find_locked(uint64_t address) {
    if (last_hit_ != nullptr && address >= last_hit_->start && address < last_hit_->end) {
        return last_hit_;
    }
    area* const candidate = first_ending_after_locked(address);
    if (candidate == nullptr || candidate->start > address) {
        return nullptr;
    }
    last_hit_ = candidate;
    return candidate;
}

lib::result<uint64_t> address_space::choose_address_locked(uint64_t hint, uint64_t length, int flags) {
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
        if (!is_page_aligned(hint) || hint < user_start || !is_user_range(hint, length)) {
            return lib::error{hint < user_start ? EPERM : is_page_aligned(hint) ? ENOMEM : EINVAL};
        }
        const area* const there = first_ending_after_locked(hint);
        if ((flags & MAP_FIXED_NOREPLACE) != 0 && there != nullptr && there->start < hint + length) {
            return lib::error{EEXIST};
        }
        return hint;
    }
    hint = page_align_down(hint);
    if (hint >= user_start && is_user_range(hint, length)) {
        const area* const above = first_ending_after_locked(hint);
        if (above == nullptr || above->start >= hint + length) {
            return hint;
        }
    }
    uint64_t end = mmap_top;
    for (area* below = areas_.back();; below = areas_.previous(*below)) {
        const uint64_t start = below == nullptr ? user_start : below->end;
        if (end > start && end - start >= length) {
            return end - length;
        }
        if (below == nullptr) {
            return lib::error{ENOMEM};
        }
        const uint64_t gap = (below->flags & MAP_GROWSDOWN) != 0 ? stack_gap : 0;
        end = below->start - gap < end ? below->start - gap : end;
    }
}

/// The caller destroys it, or keeps it in removed_areas until the lock is released.
void address_space::take_out_locked(area& gone) {
    if (last_hit_ == &gone) {
        last_hit_ = nullptr;
    }
    areas_.remove(gone);
    --area_count_;
}

/// A copy that is in no list yet; nullptr if memory is short or the program has too many.
area* address_space::new_area_locked(const area& like) {
    if (area_count_ == most_areas) {
        return nullptr;
    }
    area* const fresh = new (mem_tag::space)
        area{{}, like.start, like.end, like.prot, like.most_prot, like.flags, like.object, like.offset};
    area_count_ += fresh != nullptr ? 1 : 0;
    return fresh;
}

lib::result<void> address_space::insert_locked(const area& wanted) {
    ++generation_;
    area* const above = first_ending_after_locked(wanted.start);
    area* const below = above == nullptr ? areas_.back() : areas_.previous(*above);
    if (below != nullptr && continues(*below, wanted)) {
        below->end = wanted.end;
        if (above != nullptr && continues(*below, *above)) {
            below->end = above->end;
            take_out_locked(*above);
            delete above; // not the last one that refers to its object
        }
        return {};
    }
    if (above != nullptr && continues(wanted, *above)) {
        above->start = wanted.start;
        above->offset = wanted.offset;
        return {};
    }
    area* const fresh = new_area_locked(wanted);
    if (fresh == nullptr) {
        return lib::error{ENOMEM};
    }
    if (above == nullptr) {
        areas_.push_back(*fresh);
    } else {
        areas_.insert_before(*above, *fresh);
    }
    return {};
}

lib::result<void> address_space::split_at_locked(uint64_t address) {
    area* const whole = find_locked(address);
    if (whole == nullptr || whole->start == address) {
        return {};
    }
    area* const upper = new_area_locked(*whole);
    if (upper == nullptr) {
        return lib::error{ENOMEM};
    }
    ++generation_;
    upper->start = address;
    upper->offset += address - whole->start;
    whole->end = address;
    areas_.insert_after(*whole, *upper);
    return {};
}

lib::result<void> address_space::split_range_locked(uint64_t start, uint64_t end) {
    TRY(split_at_locked(start));
    return split_at_locked(end);
}

/// Joins what belongs together around a range whose areas changed.
void address_space::merge_locked(uint64_t start, uint64_t end) {
    area* at = first_ending_after_locked(start == 0 ? 0 : start - 1);
    while (at != nullptr && at->start < end) {
        area* const next = areas_.next(*at);
        if (next != nullptr && continues(*at, *next)) {
            at->end = next->end;
            take_out_locked(*next);
            delete next; // at refers to the same object
        } else {
            at = next;
        }
    }
}

void address_space::drop_pages_locked(uint64_t start, uint64_t end) {
    ASSERT(lock_.held());
    const uint64_t most_pages = most_pages_in_locked(start, end);
    dropped result{.flush = flush_each(most_pages)};
    for_each_entry(root_physical_, start, end, drop_entry, &result);
    resident_pages_ -= result.pages;
    flush_rest(most_pages);
}

lib::result<void> address_space::unmap_locked(uint64_t start, uint64_t end, removed_areas& removed) {
    TRY(split_range_locked(start, end));
    ++generation_;
    area* next = first_ending_after_locked(start);
    while (next != nullptr && next->start < end) {
        area* const gone = next;
        next = areas_.next(*gone);
        drop_pages_locked(gone->start, gone->end);
        take_out_locked(*gone);
        removed.areas.push_back(*gone);
    }
    return {};
}

removed_areas::~removed_areas() {
    while (area* const gone = areas.pop_front()) {
        delete gone;
    }
}

} // namespace mm
