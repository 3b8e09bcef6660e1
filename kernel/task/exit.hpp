#pragma once
// The end of threads and processes, and waiting for children.

#include "kernel/lib/result.hpp"
#include "kernel/task/process.hpp"

#include <cstdint>

namespace task {

/// Ends the calling process, all its threads, with this status (in wait's encoding: code << 8, or the
/// number of the signal). Process context, no locks held.
[[noreturn]] void exit_process(uint32_t wait_status);
/// Ends the calling thread; the process with it if it was the last. Process or worker context.
[[noreturn]] void exit_thread(uint32_t wait_status);
/// Makes the other threads of the calling process end, and waits until they have: for exec. EINTR if
/// this thread itself was killed.
lib::result<void> end_other_threads();

/// Which children wait4 and waitid look at.
struct child_filter {
    int process_id = -1;  ///< -1 any, 0 own group, > 0 this one, < -1 this group
    uint32_t options = 0; ///< WNOHANG, WUNTRACED, WCONTINUED, WEXITED, WNOWAIT
};

/// What happened to a child.
struct child_event {
    int process_id = 0; ///< 0: nothing yet (WNOHANG)
    uint32_t wait_status = 0;
    uint32_t uid = 0;
    usage used;
};

/// Waits for a child to change state. Process context. ECHILD, EINTR.
lib::result<child_event> wait_for_child(const child_filter& wanted);

/// Tells the parent that `child` stopped or went on. No locks held.
void report_job_status(process& child, uint32_t job_status);

} // namespace task
