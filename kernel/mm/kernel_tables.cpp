// The kernel's page tables. At boot: the direct map of all RAM in 2 MiB pages and the image in 4 KiB pages
// with the rights of its sections; top-level entries of all kernel areas, so that every address space can
// copy them once and stays right. Afterwards only pages of the vmap area come and go.
//
// In the direct map the image's code and constants are read-only too: one 2 MiB page there is split.

#include "kernel/mm/kernel_tables.hpp"

#include "kernel/arch/cpu.hpp"
#include "kernel/arch/panic.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/page_table.hpp"
#include "kernel/mm/setup.hpp"
#include "kernel/sanitizer/kasan.hpp"

extern "C" {
extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[], data_end[];
extern char ro_after_init_end[], boot_thread_stack[];
}

namespace mm {
namespace {

[[gnu::section(".ro_after_init")]] uint64_t root = 0;
table_allocator boot_allocator = nullptr;

constexpr uint64_t read_only = entry::present | entry::global | entry::no_execute;
constexpr uint64_t read_write = read_only | entry::writable;
constexpr uint64_t executable = entry::present | entry::global;

/// PAT entry 1 (write-through bit alone) means write combining here; the others are as after reset.
constexpr uint64_t pat_with_write_combining = 0x0007010600070106;

uint64_t address_of(const char* symbol) {
    return reinterpret_cast<uint64_t>(symbol);
}

uint64_t* boot_table(uint64_t* table, unsigned index) {
    if ((table[index] & entry::present) == 0) {
        table[index] = boot_allocator() | entry::present | entry::writable;
    }
    return physical_to_virtual<uint64_t>(entry::physical(table[index]));
}

/// The level 2 entry of an address.
uint64_t& boot_large_entry(uint64_t address) {
    uint64_t* const level3 = boot_table(physical_to_virtual<uint64_t>(root), table_index(address, 4));
    uint64_t* const level2 = boot_table(level3, table_index(address, 3));
    return level2[table_index(address, 2)];
}

void map_image_part(const char* start, const char* end, uint64_t flags) {
    for (uint64_t address = address_of(start); address < address_of(end); address += page_size) {
        *find_entry(root, address, boot_allocator) = (address - image_base) | flags;
    }
}

void split_large_page(uint64_t address) {
    uint64_t& large = boot_large_entry(address);
    const uint64_t physical = entry::physical(large);
    const uint64_t table = boot_allocator();
    for (unsigned index = 0; index < table_entries; ++index) {
        physical_to_virtual<uint64_t>(table)[index] = (physical + index * page_size) | read_write;
    }
    large = table | entry::present | entry::writable;
}

/// The image's alias in the direct map must not be a way to write code.
void protect_alias(const char* start, const char* end) {
    for (uint64_t address = address_of(start); address < address_of(end); address += page_size) {
        const uint64_t alias = address - image_base + direct_map;
        uint64_t* slot = find_entry(root, alias, nullptr);
        if (slot == nullptr) {
            split_large_page(alias);
            slot = find_entry(root, alias, nullptr);
        }
        *slot &= ~entry::writable;
    }
}

/// The address sanitizer's shadow of what was mapped above.
void map_shadow(const boot::boot_info& info) {
    kasan::map_other_shadow(root, boot_allocator);
    for (size_t index = 0; index < info.region_count; ++index) {
        const boot::memory_region& region = info.regions[index];
        if (region.kind == boot::memory_kind::usable) {
            kasan::map_ram_shadow(root, region.physical & ~(large_page_size - 1),
                                  region.physical + region.length, boot_allocator);
        }
    }
}

} // namespace

void build_kernel_tables(const boot::boot_info& info, table_allocator allocate) {
    boot_allocator = allocate;
    root = allocate();
    for (size_t index = 0; index < info.region_count; ++index) {
        const boot::memory_region& region = info.regions[index];
        if (region.kind != boot::memory_kind::usable) {
            continue;
        }
        const uint64_t end = region.physical + region.length;
        for (uint64_t physical = region.physical & ~(large_page_size - 1); physical < end;
             physical += large_page_size) {
            boot_large_entry(direct_map + physical) = physical | read_write | entry::large;
        }
    }
    map_image_part(text_start, text_end, executable);
    map_image_part(rodata_start, rodata_end, read_only);
    map_image_part(data_start, data_end, read_write);
    *find_entry(root, address_of(boot_thread_stack), nullptr) = 0; // its guard page
    protect_alias(text_start, text_end);
    protect_alias(rodata_start, rodata_end);
    boot_table(physical_to_virtual<uint64_t>(root), table_index(vmap_base, 4));
    if constexpr (kasan::enabled) {
        map_shadow(info);
    }
    arch::write_msr(arch::msr::pat, pat_with_write_combining);
    arch::write_cr3(root);
}

uint64_t kernel_root() {
    return root;
}

bool map_kernel_page(uint64_t address, uint64_t physical, uint64_t flags) {
    uint64_t* const slot = find_entry(root, address, allocate_table);
    if (slot == nullptr) {
        return false;
    }
    *slot = physical | flags | entry::global;
    return true;
}

uint64_t unmap_kernel_page(uint64_t address) {
    uint64_t* const slot = find_entry(root, address, nullptr);
    if (slot == nullptr) {
        return 0;
    }
    const uint64_t old = *slot;
    *slot = 0;
    flush_page(address);
    return old;
}

void protect_after_init() {
    for (uint64_t address = address_of(data_start); address < address_of(ro_after_init_end);
         address += page_size) {
        *find_entry(root, address, nullptr) &= ~entry::writable;
        flush_page(address);
        const uint64_t alias = address - image_base + direct_map;
        if (uint64_t* const slot = find_entry(root, alias, nullptr); slot != nullptr) {
            *slot &= ~entry::writable;
            flush_page(alias);
        }
    }
}

} // namespace mm
