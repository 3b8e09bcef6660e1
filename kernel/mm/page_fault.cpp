// Bringing in pages: the way from a fault to a present page.
//
//   no area, or rights missing                 not_mapped, protected_
//   page present, write, entry read-only       copy on write (or take the page, if nobody else has it)
//   anonymous                                  a zeroed frame
//   object, shared, or private and only read   the object's frame itself
//   object, private and written                a copy of the object's frame
//
// A backing may sleep to produce a page, so it is asked without the lock; if the areas changed meanwhile
// (generation_), the fault starts over.

#include "kernel/abi/errno.h"
#include "kernel/arch/percpu.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/address_space.hpp"
#include "kernel/mm/page_table.hpp"

namespace mm {
namespace {

bool allows(int prot, arch::page_access access) {
    switch (access) {
    case arch::page_access::read:
        return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) != 0;
    case arch::page_access::write:
        return (prot & PROT_WRITE) != 0;
    case arch::page_access::execute:
        return (prot & PROT_EXEC) != 0;
    }
    return false;
}

constexpr uint64_t user_page = entry::present | entry::user | entry::accessed;

/// Flags of a page of the area; write permission is given apart.
uint64_t flags_for(const area& where) {
    uint64_t flags = user_page | ((where.prot & PROT_EXEC) != 0 ? 0 : entry::no_execute);
    if (where.prot == PROT_NONE) { // only by address_space::write
        flags = (flags & ~entry::present) | entry::held;
    }
    return flags;
}

frame* copy_of(const frame& original) {
    frame* const copy = allocate_frames(0, mem_tag::user);
    if (copy != nullptr) {
        copy_page(frame_to_virtual(*copy), frame_to_virtual(original));
    }
    return copy;
}

fault_outcome outcome_of(lib::error why) {
    return why.number == ENOMEM ? fault_outcome::out_of_memory : fault_outcome::beyond_file;
}

} // namespace

fault_outcome address_space::copy_on_write_locked(uint64_t& slot, uint64_t page) {
    frame& shared = physical_to_frame(entry::physical(slot));
    if (page_references(shared) != 1) {
        frame* const copy = copy_of(shared);
        if (copy == nullptr) {
            return fault_outcome::out_of_memory;
        }
        slot = (slot & ~entry::address_mask) | frame_to_physical(*copy);
        page_put(shared);
    }
    slot |= entry::writable | entry::dirty;
    if (loaded()) {
        flush_page(page);
    }
    return fault_outcome::handled;
}

/// file_page is the object's frame with a reference, or nullptr for anonymous memory. Takes the reference.
fault_outcome address_space::map_page_locked(area& where, uint64_t page, frame* file_page,
                                             arch::page_access access) {
    uint64_t* const slot = find_entry(root_physical_, page, allocate_table);
    const bool shared = (where.flags & MAP_SHARED) != 0;
    frame* chosen = file_page;
    if (slot != nullptr && file_page == nullptr) {
        chosen = allocate_zeroed_frame(mem_tag::user);
    } else if (slot != nullptr && !shared && access == arch::page_access::write) {
        chosen = copy_of(*file_page);
        page_put(*file_page);
    }
    if (slot == nullptr || chosen == nullptr) {
        if (slot == nullptr && file_page != nullptr) {
            page_put(*file_page);
        }
        return fault_outcome::out_of_memory;
    }
    // A private page that stays the object's must be copied before it is written.
    const bool ours = shared || chosen != file_page;
    const bool writable = (where.prot & PROT_WRITE) != 0 && ours;
    *slot = frame_to_physical(*chosen) | flags_for(where) | (writable ? entry::writable : 0);
    ++resident_pages_;
    return fault_outcome::handled;
}

fault_outcome address_space::bring_in(uint64_t address, arch::page_access access, rights check) {
    const uint64_t page = page_align_down(address);
    frame* file_page = nullptr;
    uint64_t seen_generation = 0;
    for (;;) {
        lib::ref<backing> object;
        uint64_t page_index;
        {
            arch::thread_spin_guard guard(lock_);
            area* const where = find_locked(page);
            if (where == nullptr || (check == rights::checked && !allows(where->prot, access))) {
                if (file_page != nullptr) {
                    page_put(*file_page);
                }
                return where == nullptr ? fault_outcome::not_mapped : fault_outcome::protected_;
            }
            uint64_t* const slot = find_entry(root_physical_, page, nullptr);
            if (slot != nullptr && entry::has_frame(*slot)) { // somebody was faster, or copy on write
                if (file_page != nullptr) {
                    page_put(*file_page);
                }
                if (access == arch::page_access::write && (*slot & entry::writable) == 0 &&
                    (where->flags & MAP_PRIVATE) != 0) {
                    return copy_on_write_locked(*slot, page);
                }
                return fault_outcome::handled;
            }
            if (!where->object || (file_page != nullptr && seen_generation == generation_)) {
                return map_page_locked(*where, page, file_page, access);
            }
            object = where->object;
            page_index = (where->offset + (page - where->start)) / page_size;
            seen_generation = generation_;
        }
        if (file_page != nullptr) {
            page_put(*file_page);
        }
        const bool writes_object = access == arch::page_access::write;
        const lib::result<frame*> got = object->ops->get_page(
            *object, page_index, writes_object ? backing_access::write : backing_access::read);
        if (!got.ok()) {
            return outcome_of(got.error());
        }
        file_page = got.value();
    }
}

fault_outcome address_space::handle_fault(uint64_t address, arch::page_access access) {
    return bring_in(address, access, rights::checked);
}

/// The frame behind an address with a reference for the caller. EFAULT, ENOMEM.
lib::result<frame*> address_space::page_of(uint64_t address, arch::page_access access) {
    const fault_outcome outcome = bring_in(address, access, rights::ignored);
    if (outcome != fault_outcome::handled) {
        return lib::error{outcome == fault_outcome::out_of_memory ? ENOMEM : EFAULT};
    }
    arch::thread_spin_guard guard(lock_);
    const uint64_t* const slot = find_entry(root_physical_, page_align_down(address), nullptr);
    if (slot == nullptr || !entry::has_frame(*slot)) {
        return lib::error{EFAULT};
    }
    frame& page = physical_to_frame(entry::physical(*slot));
    page_get(page);
    return &page;
}

lib::result<void> address_space::write(uint64_t address, const void* from, size_t length) {
    const auto* in = static_cast<const uint8_t*>(from);
    while (length != 0) {
        const uint64_t offset = address % page_size;
        const size_t piece = length < page_size - offset ? length : page_size - offset;
        frame* const page = TRY(page_of(address, arch::page_access::write));
        memcpy(static_cast<uint8_t*>(frame_to_virtual(*page)) + offset, in, piece);
        page_put(*page);
        address += piece;
        in += piece;
        length -= piece;
    }
    return {};
}

lib::result<void> address_space::read(uint64_t address, void* to, size_t length) {
    auto* out = static_cast<uint8_t*>(to);
    while (length != 0) {
        const uint64_t offset = address % page_size;
        const size_t piece = length < page_size - offset ? length : page_size - offset;
        frame* const page = TRY(page_of(address, arch::page_access::read));
        memcpy(out, static_cast<const uint8_t*>(frame_to_virtual(*page)) + offset, piece);
        page_put(*page);
        address += piece;
        out += piece;
        length -= piece;
    }
    return {};
}

fault_outcome handle_page_fault(uint64_t address, arch::page_access access) {
    address_space* const space = current_space();
    return space == nullptr ? fault_outcome::not_mapped : space->handle_fault(address, access);
}

} // namespace mm
