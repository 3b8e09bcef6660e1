// The proof of W^X: after the page tables are final, every entry of the kernel's half is visited once. A
// page that is writable and executable, or open to ring 3, stops the boot.

#include "kernel/arch/panic.hpp"
#include "kernel/lib/log.hpp"
#include "kernel/mm/page_table.hpp"
#include "kernel/mm/setup.hpp"
#include "kernel/sanitizer/kasan.hpp"

namespace mm {
namespace {

struct totals {
    uint64_t executable_pages = 0;
    uint64_t writable_pages = 0;
};

void check_entry(uint64_t value, uint64_t address, uint64_t pages, totals& sum) {
    const bool writable = (value & entry::writable) != 0;
    const bool executable = (value & entry::no_execute) == 0;
    if ((value & entry::user) != 0 || (writable && executable)) {
        arch::panic("page at %#lx is %s", address,
                    writable && executable ? "writable and executable" : "visible to ring 3");
    }
    sum.writable_pages += writable ? pages : 0;
    sum.executable_pages += executable ? pages : 0;
}

/// Bits 48 to 63 of an address repeat bit 47.
uint64_t canonical(uint64_t address) {
    return static_cast<uint64_t>(static_cast<int64_t>(address << 16) >> 16);
}

void check_table(uint64_t physical, unsigned level, uint64_t base, unsigned first_index, totals& sum) {
    const auto* const table = physical_to_virtual<const uint64_t>(physical);
    const uint64_t span = page_size << (9 * (level - 1));
    for (unsigned index = first_index; index < table_entries; ++index) {
        const uint64_t value = table[index];
        const uint64_t address = canonical(base + index * span);
        if ((value & entry::present) == 0) {
            continue;
        }
        if (level == 1 || (value & entry::large) != 0) {
            check_entry(value, address, span / page_size, sum);
        } else if (!kasan::enabled || !kasan::is_shared_table(entry::physical(value))) {
            check_table(entry::physical(value), level - 1, address, 0, sum);
        }
    }
}

} // namespace

void check_kernel_mappings() {
    const auto* const root = physical_to_virtual<const uint64_t>(kernel_root());
    for (unsigned index = 0; index < table_entries / 2; ++index) {
        if ((root[index] & entry::present) != 0) {
            arch::panic("the kernel's page tables map something at %#lx", index * (page_size << 27));
        }
    }
    totals sum;
    check_table(kernel_root(), 4, 0, table_entries / 2, sum);
    LOG_INFO("page tables: %lu pages writable, %lu executable, none both", sum.writable_pages,
             sum.executable_pages);
}

} // namespace mm
