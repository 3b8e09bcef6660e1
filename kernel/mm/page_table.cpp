// Walking page tables. All tables are reached through the direct map.

#include "kernel/mm/page_table.hpp"

#include "kernel/mm/frames.hpp"

namespace mm {
namespace {

uint64_t* table_at(uint64_t physical) {
    return physical_to_virtual<uint64_t>(physical);
}

/// Tables carry all permissions; the last entry decides.
constexpr uint64_t user_table_flags = entry::present | entry::writable | entry::user;
constexpr uint64_t kernel_table_flags = entry::present | entry::writable;

/// Bytes that one entry of a table of this level covers.
constexpr uint64_t entry_span(unsigned level) {
    return page_size << (9 * (level - 1));
}

struct visitor {
    void (*visit)(uint64_t& entry, uint64_t address, void* context);
    void* context;
};

void visit_pages(uint64_t* table, uint64_t start, uint64_t end, const visitor& to) {
    uint64_t* slot = table + table_index(start, 1);
    for (uint64_t address = start; address < end; address += page_size, ++slot) {
        if (entry::has_frame(*slot)) {
            to.visit(*slot, address, to.context);
        }
    }
}

void visit_table(uint64_t* table, unsigned level, uint64_t start, uint64_t end, const visitor& to) {
    if (level == 1) {
        visit_pages(table, start, end, to);
        return;
    }
    const uint64_t span = entry_span(level);
    for (uint64_t address = start; address < end;) {
        const uint64_t next = (address & ~(span - 1)) + span;
        const uint64_t value = table[table_index(address, level)];
        if ((value & entry::present) != 0) {
            visit_table(table_at(entry::physical(value)), level - 1, address, next < end ? next : end, to);
        }
        address = next;
    }
}

/// Most tables of a program are nearly empty, so entries are looked at in groups.
void free_table(uint64_t physical, unsigned level, unsigned entry_count) {
    constexpr unsigned group = 8;
    const uint64_t* const table = table_at(physical);
    for (unsigned first = 0; level > 1 && first < entry_count; first += group) {
        const uint64_t* const at = table + first;
        if ((at[0] | at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7]) == 0) {
            continue;
        }
        for (unsigned index = 0; index < group; ++index) {
            if ((at[index] & entry::present) != 0) {
                free_table(entry::physical(at[index]), level - 1, table_entries);
            }
        }
    }
    page_put(physical_to_frame(physical));
}

} // namespace

uint64_t* find_entry(uint64_t root_physical, uint64_t address, table_allocator allocate) {
    uint64_t* table = table_at(root_physical);
    for (unsigned level = 4; level > 1; --level) {
        uint64_t& value = table[table_index(address, level)];
        if ((value & entry::present) == 0) {
            const uint64_t fresh = allocate == nullptr ? 0 : allocate();
            if (fresh == 0) {
                return nullptr;
            }
            value = fresh | (is_user_address(address) ? user_table_flags : kernel_table_flags);
        } else if ((value & entry::large) != 0) {
            return nullptr;
        }
        table = table_at(entry::physical(value));
    }
    return &table[table_index(address, 1)];
}

uint64_t allocate_table() {
    frame* const fresh = allocate_zeroed_frame(mem_tag::page_table);
    return fresh == nullptr ? 0 : frame_to_physical(*fresh);
}

void for_each_entry(uint64_t root_physical, uint64_t start, uint64_t end,
                    void (*visit)(uint64_t& entry, uint64_t address, void* context), void* context) {
    visit_table(table_at(root_physical), 4, start, end, {visit, context});
}

void free_user_tables(uint64_t root_physical) {
    free_table(root_physical, 4, table_entries / 2);
}

} // namespace mm
