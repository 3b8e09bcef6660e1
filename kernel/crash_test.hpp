#pragma once
// Deliberate failures, to prove that the kernel's protections work and that a panic tells what happened.

namespace kernel {

/// Provokes the failure that the word crash= of the command line names, if it is there; nothing for an
/// unknown name. Then it does not return. From kernel_main, at its end.
void crash_if_asked(const char* name);

} // namespace kernel
