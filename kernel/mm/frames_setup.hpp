#pragma once
// Filling the frame allocator; for setup.cpp.

#include "kernel/mm/frames.hpp"

namespace mm {

/// Takes the array that describes frame_count frames from physical address 0 on; all are reserved.
void setup_frames(frame* array, size_t frame_count);

/// Makes the whole pages of a range free.
void add_free_frames(uint64_t physical_start, uint64_t physical_end);

} // namespace mm
