// An address space from outside: making and ending one, and what mmap, munmap, mprotect, madvise and brk do.
// areas.cpp keeps the list of areas, page_fault.cpp puts pages in, fork.cpp and remap.cpp copy and move.

#include "kernel/mm/address_space.hpp"

#include "kernel/abi/errno.h"
#include "kernel/arch/cpu.hpp"
#include "kernel/arch/percpu.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/page_table.hpp"

namespace mm {
namespace {

/// Pages flushed one by one; more are cheaper to flush all at once.
constexpr uint64_t most_single_flushes = 64;

constexpr int kept_flags = MAP_SHARED | MAP_PRIVATE | MAP_GROWSDOWN | area_heap;

bool is_page_aligned(uint64_t value) {
    return value % page_size == 0;
}

bool writable_and_executable(int prot) {
    return (prot & PROT_WRITE) != 0 && (prot & PROT_EXEC) != 0;
}

lib::result<uint64_t> checked_range_end(uint64_t start, uint64_t length) {
    if (!is_page_aligned(start) || length == 0 || length > user_end) {
        return lib::error{EINVAL};
    }
    if (!is_user_range(start, page_align_up(length))) {
        return lib::error{ENOMEM};
    }
    return start + page_align_up(length);
}

struct new_rights {
    uint64_t set;
    uint64_t clear;
    bool flush = false;
};

void change_entry(uint64_t& slot, uint64_t address, void* context) {
    const auto& rights = *static_cast<new_rights*>(context);
    slot = (slot & ~rights.clear) | rights.set;
    if (rights.flush) {
        flush_page(address);
    }
}

/// How entries change when their area gets these rights. Write permission of private pages is not given
/// here: the next write finds out whether the page has to be copied.
new_rights rights_after_protect(const area& changed) {
    new_rights rights{0, 0};
    const bool visible = changed.prot != PROT_NONE;
    (visible ? rights.set : rights.clear) |= entry::present;
    (visible ? rights.clear : rights.set) |= entry::held;
    ((changed.prot & PROT_EXEC) != 0 ? rights.clear : rights.set) |= entry::no_execute;
    if ((changed.prot & PROT_WRITE) == 0) {
        rights.clear |= entry::writable;
    } else if ((changed.flags & MAP_SHARED) != 0) {
        rights.set |= entry::writable;
    }
    return rights;
}

} // namespace

lib::result<lib::ref<address_space>> address_space::create() {
    void* const memory = kmalloc(sizeof(address_space), mem_tag::space);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto space = lib::ref<address_space>::adopt(new (memory) address_space);
    space->root_physical_ = allocate_table();
    if (space->root_physical_ == 0) {
        return lib::error{ENOMEM};
    }
    constexpr size_t half = table_entries / 2;
    memcpy(physical_to_virtual<uint64_t>(space->root_physical_) + half,
           physical_to_virtual<uint64_t>(kernel_root()) + half, half * sizeof(uint64_t));
    return space;
}

void address_space::release_last(address_space* space) {
    ASSERT(!space->loaded());
    {
        removed_areas removed;
        arch::thread_spin_guard guard(space->lock_);
        while (area* const first = space->areas_.pop_front()) {
            space->drop_pages_locked(first->start, first->end);
            removed.areas.push_back(*first);
        }
    }
    ASSERT(space->resident_pages_ == 0);
    if (space->root_physical_ != 0) {
        free_user_tables(space->root_physical_);
    }
    space->~address_space();
    kfree(space);
}

bool address_space::loaded() const {
    return arch::this_cpu().space == this;
}

uint64_t address_space::most_pages_in_locked(uint64_t start, uint64_t end) const {
    const uint64_t room = (end - start) / page_size;
    return resident_pages_ < room ? resident_pages_ : room;
}

bool address_space::flush_each(uint64_t pages) const {
    ASSERT(arch::cpus_online() == 1); // other CPUs would have to be told
    return loaded() && pages <= most_single_flushes;
}

void address_space::flush_rest(uint64_t pages) const {
    if (loaded() && pages > most_single_flushes) {
        arch::write_cr3(root_physical_);
    }
}

lib::result<uint64_t> address_space::map(uint64_t hint, uint64_t length, int prot, int flags,
                                         lib::ref<backing> object, uint64_t offset, int most_prot) {
    const int sharing = flags & (MAP_SHARED | MAP_PRIVATE);
    if (length == 0 || length > user_end || !is_page_aligned(offset) ||
        (sharing != MAP_SHARED && sharing != MAP_PRIVATE)) {
        return lib::error{length > user_end ? ENOMEM : EINVAL};
    }
    if (writable_and_executable(prot)) {
        return lib::error{EACCES};
    }
    length = page_align_up(length);
    if (!object && sharing == MAP_SHARED) {
        object = TRY(create_shared_memory(length));
    }
    removed_areas removed;
    arch::thread_spin_guard guard(lock_);
    const uint64_t start = TRY(choose_address_locked(hint, length, flags));
    if ((flags & MAP_FIXED) != 0) {
        TRY(unmap_locked(start, start + length, removed));
    }
    TRY(insert_locked(area{{}, start, start + length, prot, most_prot, flags & kept_flags, object, offset}));
    return start;
}

lib::result<void> address_space::unmap(uint64_t start, uint64_t length) {
    const lib::result<uint64_t> end = checked_range_end(start, length);
    if (!end.ok()) {
        return lib::error{EINVAL};
    }
    removed_areas removed;
    arch::thread_spin_guard guard(lock_);
    return unmap_locked(start, end.value(), removed);
}

lib::result<void> address_space::protect(uint64_t start, uint64_t length, int prot) {
    if (length == 0 && is_page_aligned(start)) {
        return {};
    }
    const uint64_t end = TRY(checked_range_end(start, length));
    if (writable_and_executable(prot)) {
        return lib::error{EACCES};
    }
    arch::thread_spin_guard guard(lock_);
    TRY(split_range_locked(start, end));
    const uint64_t most_pages = most_pages_in_locked(start, end);
    uint64_t covered = start;
    lib::result<void> outcome;
    for (area* at = first_ending_after_locked(start); at != nullptr && covered < end; at = areas_.next(*at)) {
        if (at->start > covered) {
            break;
        }
        if ((prot & ~at->most_prot) != 0) {
            outcome = lib::error{EACCES};
            break;
        }
        at->prot = prot;
        new_rights change = rights_after_protect(*at);
        change.flush = flush_each(most_pages);
        for_each_entry(root_physical_, at->start, at->end, change_entry, &change);
        covered = at->end;
    }
    merge_locked(start, end);
    ++generation_;
    flush_rest(most_pages);
    if (outcome.ok() && covered < end) {
        return lib::error{ENOMEM}; // a hole; what comes before it is changed, as in Linux
    }
    return outcome;
}

lib::result<void> address_space::discard(uint64_t start, uint64_t length) {
    if (length == 0 && is_page_aligned(start)) {
        return {};
    }
    const uint64_t end = TRY(checked_range_end(start, length));
    arch::thread_spin_guard guard(lock_);
    drop_pages_locked(start, end);
    return {};
}

void address_space::set_heap_start(uint64_t address) {
    arch::thread_spin_guard guard(lock_);
    heap_start_ = heap_end_ = page_align_up(address);
}

uint64_t address_space::set_brk(uint64_t end) {
    removed_areas removed;
    arch::thread_spin_guard guard(lock_);
    if (end < heap_start_ || !is_user_range(heap_start_, end - heap_start_)) {
        return heap_end_;
    }
    const uint64_t old_pages = page_align_up(heap_end_);
    const uint64_t new_pages = page_align_up(end);
    if (new_pages < old_pages) {
        if (!unmap_locked(new_pages, old_pages, removed).ok()) {
            return heap_end_;
        }
    } else if (new_pages > old_pages) {
        const area* const above = first_ending_after_locked(old_pages);
        if (above != nullptr && above->start < new_pages) {
            return heap_end_;
        }
        const area more{.link = {},
                        .start = old_pages,
                        .end = new_pages,
                        .prot = PROT_READ | PROT_WRITE,
                        .most_prot = any_prot,
                        .flags = MAP_PRIVATE | area_heap,
                        .object = nullptr,
                        .offset = 0};
        if (!insert_locked(more).ok()) {
            return heap_end_;
        }
    }
    heap_end_ = end;
    return heap_end_;
}

void address_space::activate() {
    if (!loaded()) {
        arch::this_cpu().space = this;
        arch::write_cr3(root_physical_);
    }
}

memory_usage address_space::usage() {
    arch::thread_spin_guard guard(lock_);
    uint64_t mapped = 0;
    for (const area& each : areas_) {
        mapped += each.end - each.start;
    }
    return {.mapped_bytes = mapped,
            .resident_bytes = resident_pages_ * page_size,
            .heap_start = heap_start_,
            .heap_end = heap_end_};
}

void address_space::for_each_area(void (*visit)(const area&, void*), void* context) {
    arch::thread_spin_guard guard(lock_);
    for (const area& each : areas_) {
        visit(each, context);
    }
}

void activate_kernel_space() {
    if (arch::this_cpu().space != nullptr) {
        arch::this_cpu().space = nullptr;
        arch::write_cr3(kernel_root());
    }
}

address_space* current_space() {
    return arch::this_cpu().space;
}

} // namespace mm
