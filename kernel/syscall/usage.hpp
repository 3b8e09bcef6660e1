#pragma once
// Resource use in the user's layout.

#include "kernel/abi/process.h"
#include "kernel/task/process.hpp"

namespace syscall {

/// struct rusage of what task counted.
rusage usage_for_user(const task::usage& used);

} // namespace syscall
