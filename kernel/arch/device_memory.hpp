#pragma once
// How arch reaches physical memory; mm, which stands above arch, implements it (mm/vmap.cpp).

#include <cstddef>
#include <cstdint>

namespace arch {

/// Maps device registers, uncached; nullptr when there is no memory for page tables.
volatile void* map_registers(uint64_t physical, size_t length_bytes);

/// Copies bytes from physical memory that may be outside RAM, such as firmware tables. False if it cannot
/// be mapped.
bool read_physical(uint64_t physical, void* to, size_t length_bytes);

} // namespace arch
