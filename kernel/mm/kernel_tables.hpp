#pragma once
// Making the kernel's page tables at boot.

#include "boot/boot_info.hpp"
#include "kernel/mm/page_table.hpp"

namespace mm {

/// Builds the tables and loads them. allocate hands out zeroed tables below 4 GiB, which the loader's
/// tables map, and never fails.
void build_kernel_tables(const boot::boot_info& info, table_allocator allocate);

} // namespace mm
