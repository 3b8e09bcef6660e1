// mremap: a mapping gets another length, in place if there is room behind it, else at another address. A
// move does not copy pages: their entries move from one table to another.

#include "kernel/abi/errno.h"
#include "kernel/arch/cpu.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/mm/page_table.hpp"

namespace mm {
namespace {

struct page_move {
    uint64_t root;
    uint64_t distance; ///< Added to addresses; wraps when moving down.
    bool complete = true;
};

/// First pass, which may fail: makes the tables.
void prepare_entry(uint64_t&, uint64_t address, void* context) {
    auto& move = *static_cast<page_move*>(context);
    if (find_entry(move.root, address + move.distance, allocate_table) == nullptr) {
        move.complete = false;
    }
}

/// Second pass, which cannot.
void move_entry(uint64_t& slot, uint64_t address, void* context) {
    const auto& move = *static_cast<page_move*>(context);
    *find_entry(move.root, address + move.distance, nullptr) = slot;
    slot = 0;
}

} // namespace

lib::result<uint64_t> address_space::grow_locked(area& old, uint64_t start, uint64_t old_end,
                                                 uint64_t new_length, move_policy policy,
                                                 removed_areas& removed) {
    area wanted{.link = {},
                .start = start,
                .end = start + new_length,
                .prot = old.prot,
                .most_prot = old.most_prot,
                .flags = old.flags,
                .object = old.object,
                .offset = old.offset + (start - old.start)};
    const area* const above = areas_.next(old);
    const bool room = old.end == old_end && is_user_range(start, new_length) &&
                      (above == nullptr || above->start >= start + new_length);
    if (room) {
        wanted.start = old_end;
        wanted.offset += old_end - start;
        TRY(insert_locked(wanted));
        return start;
    }
    if (policy == move_policy::stay) {
        return lib::error{ENOMEM};
    }
    const uint64_t target = TRY(choose_address_locked(0, new_length, 0));
    page_move move{.root = root_physical_, .distance = target - start};
    for_each_entry(root_physical_, start, old_end, prepare_entry, &move);
    if (!move.complete) {
        return lib::error{ENOMEM};
    }
    TRY(split_range_locked(start, old_end));
    wanted.start = target;
    wanted.end = target + new_length;
    // Kept apart from its neighbours until the old area is gone: joined with that one it would have to be
    // split again, which may fail when the pages have moved already.
    wanted.flags |= area_moving;
    TRY(insert_locked(wanted));
    for_each_entry(root_physical_, start, old_end, move_entry, &move);
    if (loaded()) {
        arch::write_cr3(root_physical_);
    }
    const auto unmapped = unmap_locked(start, old_end, removed);
    ASSERT(unmapped.ok());
    find_locked(target)->flags &= ~area_moving;
    merge_locked(target, target + new_length);
    return target;
}

lib::result<uint64_t> address_space::remap(uint64_t start, uint64_t old_length, uint64_t new_length,
                                           move_policy policy) {
    old_length = page_align_up(old_length);
    new_length = page_align_up(new_length);
    if (start % page_size != 0 || old_length == 0 || new_length == 0 || new_length > user_end ||
        !is_user_range(start, old_length)) {
        return lib::error{EINVAL};
    }
    removed_areas removed;
    arch::thread_spin_guard guard(lock_);
    const uint64_t old_end = start + old_length;
    area* const old = find_locked(start);
    if (old == nullptr || old->end < old_end) {
        return lib::error{EFAULT};
    }
    if (new_length > old_length) {
        return grow_locked(*old, start, old_end, new_length, policy, removed);
    }
    if (new_length < old_length) {
        TRY(unmap_locked(start + new_length, old_end, removed));
    }
    return start;
}

} // namespace mm
