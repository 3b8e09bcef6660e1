#pragma once
// The value that the compiler's stack protector keeps below return addresses (at gs:40, one per stack).

#include <cstdint>

namespace arch {

/// An unpredictable value whose lowest byte is zero, so that overrunning strings cannot write it. Any
/// context.
uint64_t new_stack_canary();

} // namespace arch
