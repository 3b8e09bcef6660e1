#pragma once
// Bringing memory up, in the order of the boot.

#include "boot/boot_info.hpp"

namespace mm {

/// Builds the final page tables and the frame allocator; the loader's tables are gone afterwards. Once.
void setup_memory(const boot::boot_info& info);

/// Takes the write permission from .ro_after_init. After the last boot-time initialisation.
void protect_after_init();

/// Walks all kernel page tables and stops the machine if any page is writable and executable, or visible
/// to ring 3.
void check_kernel_mappings();

} // namespace mm
