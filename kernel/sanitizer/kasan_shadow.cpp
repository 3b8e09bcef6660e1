// The shadow's page tables. What nobody forbids anything in shares one read-only page of zeros, and one table
// of each level that leads to it, so that all of the kernel's half has a shadow and little memory is in it.
//
// kasan_early_setup runs on the loader's page tables before the first instrumented function: the image gets
// its shadow, which is a variable, and everything else the zeros. mm/kernel_tables.cpp then makes the final
// tables with a shadow of its own for all RAM; stacks get theirs when they are mapped. This file is compiled
// without instrumentation.

#include "kernel/sanitizer/kasan.hpp"

#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/layout.hpp"
#include "kernel/mm/page_table.hpp"

extern "C" {
extern uint64_t boot_pml4[]; // boot/multiboot2.asm
void kasan_early_setup();
}

namespace kasan {
namespace {

using mm::entry::no_execute;
using mm::entry::present;
using mm::entry::writable;

constexpr uint64_t kernel_half = 0xffff800000000000;
/// build.lds asserts that the image ends below; its shadow then fits one page table.
constexpr uint64_t image_bytes = 16 << 20;
constexpr uint64_t largest_shadow_page = mm::page_size * 8;

struct alignas(mm::page_size) page {
    uint64_t words[mm::table_entries];
};

page zeros;
page guard_page;
page shared_tables[3]; ///< Of level 1 to 3; all entries of each lead to the one below, and to the zeros.
page image_level3, image_level2, image_level1;
page image_shadow[image_bytes / largest_shadow_page];

uint64_t physical_of(const void* variable) {
    return mm::virtual_to_physical(variable);
}

uint64_t shadow_address(uint64_t address) {
    return reinterpret_cast<uint64_t>(shadow_of(reinterpret_cast<const void*>(address)));
}

constexpr uint64_t first_root_index = mm::table_index((kernel_half >> 3) + shadow_offset, 4);
constexpr uint64_t last_root_index = mm::table_index((~uint64_t{0} >> 3) + shadow_offset, 4);

void fill(page& table, uint64_t entry) {
    for (uint64_t& slot : table.words) {
        slot = entry;
    }
}

/// The level 1 entry of an address of the shadow, in tables that are not shared with other addresses.
/// nullptr if there is no memory for one.
uint64_t* own_entry(uint64_t root, uint64_t address, uint64_t (*allocate_page)()) {
    uint64_t* table = mm::physical_to_virtual<uint64_t>(root);
    for (unsigned level = 4; level > 1; --level) {
        uint64_t& slot = table[mm::table_index(address, level)];
        if (is_shared_table(mm::entry::physical(slot))) {
            const uint64_t fresh = allocate_page();
            if (fresh == 0) {
                return nullptr;
            }
            memcpy(mm::physical_to_virtual(fresh), &shared_tables[level - 2], mm::page_size);
            slot = fresh | present | writable;
        }
        table = mm::physical_to_virtual<uint64_t>(mm::entry::physical(slot));
    }
    return &table[mm::table_index(address, 1)];
}

} // namespace

bool is_shared_table(uint64_t physical) {
    const uint64_t first = physical_of(&shared_tables[0]);
    return physical >= first && physical < first + sizeof shared_tables;
}

void map_other_shadow(uint64_t root, uint64_t (*allocate_page)()) {
    // NX was not on yet when these were made.
    fill(shared_tables[0], physical_of(&zeros) | present | no_execute);
    for (uint64_t& slot : image_level1.words) {
        slot |= no_execute;
    }
    memset(&guard_page, static_cast<int>(poison::guard), sizeof guard_page);
    auto* const table = mm::physical_to_virtual<uint64_t>(root);
    for (uint64_t index = first_root_index; index <= last_root_index; ++index) {
        table[index] = physical_of(&shared_tables[2]) | present | writable;
    }
    table[mm::table_index(shadow_address(mm::image_base), 4)] =
        physical_of(&image_level3) | present | writable;
    // Address spaces copy the root, so it has to be final.
    (void)own_entry(root, shadow_address(mm::vmap_base), allocate_page);
}

void map_ram_shadow(uint64_t root, uint64_t physical, uint64_t end, uint64_t (*allocate_page)()) {
    for (uint64_t at = physical; at < end; at += largest_shadow_page) {
        uint64_t& slot = *own_entry(root, shadow_address(mm::direct_map + at), allocate_page);
        if (mm::entry::physical(slot) == physical_of(&zeros)) { // regions may share a page of shadow
            slot = allocate_page() | present | writable | no_execute;
        }
    }
}

bool map_stack_shadow(uint64_t slot_start, uint64_t slot_bytes) {
    static_assert(sizeof(page) == mm::page_size);
    const uint64_t half_bytes = slot_bytes / 2;
    for (uint64_t at = slot_start; at < slot_start + slot_bytes; at += largest_shadow_page) {
        uint64_t* const slot = own_entry(mm::kernel_root(), shadow_address(at), mm::allocate_table);
        if (slot == nullptr) {
            return false;
        }
        if (at < slot_start + half_bytes) {
            *slot = physical_of(&guard_page) | present | no_execute;
        } else if (mm::entry::physical(*slot) == physical_of(&zeros)) {
            const uint64_t memory = mm::allocate_table();
            if (memory == 0) {
                return false;
            }
            *slot = memory | present | writable | no_execute;
        }
        mm::flush_page(shadow_address(at));
    }
    return true;
}

void unmap_stack_shadow(uint64_t slot_start, uint64_t slot_bytes) {
    for (uint64_t at = slot_start + slot_bytes / 2; at < slot_start + slot_bytes; at += largest_shadow_page) {
        uint64_t* const slot = own_entry(mm::kernel_root(), shadow_address(at), mm::allocate_table);
        if (slot == nullptr || mm::entry::physical(*slot) == physical_of(&zeros)) {
            continue;
        }
        mm::frame& memory = mm::physical_to_frame(mm::entry::physical(*slot));
        *slot = physical_of(&zeros) | present | no_execute;
        mm::flush_page(shadow_address(at));
        mm::page_put(memory);
    }
}

} // namespace kasan

/// boot/entry64.asm calls this before any other C++.
void kasan_early_setup() {
    using namespace kasan;
    fill(shared_tables[0], physical_of(&zeros) | present);
    fill(shared_tables[1], physical_of(&shared_tables[0]) | present | writable);
    fill(shared_tables[2], physical_of(&shared_tables[1]) | present | writable);
    fill(image_level3, physical_of(&shared_tables[1]) | present | writable);
    fill(image_level2, physical_of(&shared_tables[0]) | present | writable);
    const uint64_t start = shadow_address(mm::image_base);
    image_level3.words[mm::table_index(start, 3)] = physical_of(&image_level2) | present | writable;
    image_level2.words[mm::table_index(start, 2)] = physical_of(&image_level1) | present | writable;
    for (unsigned index = 0; index < mm::table_entries; ++index) {
        image_level1.words[index] = physical_of(&image_shadow[index]) | present | writable;
    }
    for (uint64_t index = first_root_index; index <= last_root_index; ++index) {
        boot_pml4[index] = physical_of(&shared_tables[2]) | present | writable;
    }
    boot_pml4[mm::table_index(start, 4)] = physical_of(&image_level3) | present | writable;
}
