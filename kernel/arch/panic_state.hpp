#pragma once
// Shared by panic.cpp and what must work during a panic.

namespace arch {

/// True from the first panic on.
bool panicking();

/// True if the command line asked for a test run.
bool test_run();

} // namespace arch
