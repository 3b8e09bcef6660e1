#pragma once
// What happens when a program touches a page and no frame is left.

namespace task {

/// Ends the process that uses most memory and waits a little for its frames; the caller then tries its
/// access again. If the caller itself is the one, it has a signal to die of at the return. Process
/// context, may sleep.
void make_room();

} // namespace task
