#pragma once
// Page tables of x86-64: four levels of 512 entries (Intel SDM 3A, 4.5). Functions on raw tables; who
// owns a table and which lock guards it is the caller's business.

#include "kernel/mm/layout.hpp"

#include <cstdint>

namespace mm {

namespace entry {
constexpr uint64_t present = 1 << 0;
constexpr uint64_t writable = 1 << 1;
constexpr uint64_t user = 1 << 2;
constexpr uint64_t write_through = 1 << 3; ///< Selects PAT entry 1, set up as write combining.
constexpr uint64_t cache_disable = 1 << 4;
constexpr uint64_t accessed = 1 << 5;
constexpr uint64_t dirty = 1 << 6;
constexpr uint64_t large = 1 << 7;
constexpr uint64_t global = 1 << 8;
constexpr uint64_t held = 1 << 9; ///< Ours: a frame is here although PROT_NONE hides it.
constexpr uint64_t no_execute = 1ull << 63;
constexpr uint64_t address_mask = 0x000ffffffffff000;

/// True if the entry refers to a frame, visible or not.
constexpr bool has_frame(uint64_t value) {
    return (value & (present | held)) != 0;
}
constexpr uint64_t physical(uint64_t value) {
    return value & address_mask;
}
} // namespace entry

constexpr unsigned table_entries = 512;

/// Where level 4 (the top) to level 1 look in their table.
constexpr unsigned table_index(uint64_t address, unsigned level) {
    return static_cast<unsigned>(address >> (12 + 9 * (level - 1)) & (table_entries - 1));
}

using table_allocator = uint64_t (*)(); ///< Physical address of a zeroed table, or 0.

/// The entry of a 4 KiB page, making tables on the way if `allocate` is given. nullptr if there is no table
/// (or no memory for one), or a large page is in the way.
uint64_t* find_entry(uint64_t root_physical, uint64_t address, table_allocator allocate);

/// A zeroed page-table frame from the frame allocator, or 0.
uint64_t allocate_table();

/// Calls visit(entry, address, context) for each entry with a frame in [start, end), skipping over tables
/// that do not exist.
void for_each_entry(uint64_t root_physical, uint64_t start, uint64_t end,
                    void (*visit)(uint64_t& entry, uint64_t address, void* context), void* context);

/// Frees the tables of the user half, not the frames they refer to, and the root.
void free_user_tables(uint64_t root_physical);

/// The kernel's own root; its upper half is part of every space.
uint64_t kernel_root();

/// Maps or unmaps a page of the vmap area. False if there is no memory for a table. The caller flushes.
bool map_kernel_page(uint64_t address, uint64_t physical, uint64_t flags);
/// Returns the entry that was there.
uint64_t unmap_kernel_page(uint64_t address);

inline void flush_page(uint64_t address) {
    asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

} // namespace mm
