#pragma once
// /proc/interrupts.

#include "kernel/lib/result.hpp"

namespace kernel {

/// Adds the file. Process context, at boot, after procfs. ENOMEM.
lib::result<void> register_interrupts_file();

} // namespace kernel
