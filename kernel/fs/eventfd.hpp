#pragma once
// eventfd: a counter that is a file; readable while it is above zero.

#include "kernel/fs/file.hpp"
#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"

#include <cstdint>

namespace fs {

/// eventfd2(2) without the descriptor; flags: EFD_SEMAPHORE, EFD_NONBLOCK. Process context. ENOMEM, ENFILE.
lib::result<lib::ref<file>> make_eventfd(uint64_t count, uint32_t flags);

} // namespace fs
