#pragma once
// Shared by panic.cpp and what must work during a panic.

namespace arch {

/// True from the first panic on.
bool panicking();

} // namespace arch
