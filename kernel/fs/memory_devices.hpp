#pragma once
// /dev/null, zero, full, random and urandom.

#include "kernel/lib/result.hpp"

namespace fs {

/// Registers the devices. Once, at boot. ENOMEM.
lib::result<void> register_memory_devices();

} // namespace fs
