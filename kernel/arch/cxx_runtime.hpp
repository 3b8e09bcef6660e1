#pragma once
// The C++ runtime of the kernel.

namespace arch {

/// Runs the constructors of objects with static storage. They initialise memory and do nothing else. Once.
void run_constructors();

} // namespace arch
