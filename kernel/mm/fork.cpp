// Copying an address space for fork. Areas are copied; private pages become read-only in both spaces and
// gain a reference, so the first write on either side copies (page_fault.cpp). Shared pages simply gain a
// reference.

#include "kernel/abi/errno.h"
#include "kernel/mm/address_space.hpp"
#include "kernel/mm/kmalloc.hpp"
#include "kernel/mm/page_table.hpp"

namespace mm {
namespace {

struct page_copy {
    uint64_t child_root;
    uint64_t hidden_rights; ///< Taken from the entries of both.
    bool flush_each;        ///< The parent is loaded, and has few pages.
    uint64_t pages = 0;
    bool complete = true;
};

void copy_entry(uint64_t& slot, uint64_t address, void* context) {
    auto& copy = *static_cast<page_copy*>(context);
    uint64_t* const child_slot = find_entry(copy.child_root, address, allocate_table);
    if (child_slot == nullptr) {
        copy.complete = false;
        return;
    }
    page_get(physical_to_frame(entry::physical(slot)));
    if ((slot & copy.hidden_rights) != 0) {
        slot &= ~copy.hidden_rights;
        if (copy.flush_each) {
            flush_page(address);
        }
    }
    *child_slot = slot;
    ++copy.pages;
}

} // namespace

lib::result<void> address_space::copy_pages_locked(address_space& parent, const area& which) {
    const bool is_private = (which.flags & MAP_PRIVATE) != 0;
    page_copy copy{.child_root = root_physical_,
                   .hidden_rights = is_private ? entry::writable : 0,
                   .flush_each = parent.flush_each(parent.resident_pages_)};
    for_each_entry(parent.root_physical_, which.start, which.end, copy_entry, &copy);
    resident_pages_ += copy.pages;
    if (!copy.complete) {
        return lib::error{ENOMEM};
    }
    return {};
}

lib::result<void> address_space::copy_areas_from(address_space& parent) {
    for (const area& each : parent.areas_) {
        area* const copy = new_area_locked(each);
        if (copy == nullptr) {
            return lib::error{ENOMEM};
        }
        areas_.push_back(*copy);
        TRY(copy_pages_locked(parent, each));
    }
    heap_start_ = parent.heap_start_;
    heap_end_ = parent.heap_end_;
    return {};
}

lib::result<lib::ref<address_space>> address_space::fork_from(address_space& parent) {
    lib::ref<address_space> child = TRY(create());
    lib::result<void> outcome;
    {
        arch::thread_spin_guard guard(parent.lock_);
        outcome = child->copy_areas_from(parent);
        parent.flush_rest(parent.resident_pages_); // forget the write permissions
    }
    TRY(outcome);
    return child;
}

} // namespace mm
