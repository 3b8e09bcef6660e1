#pragma once
// What becomes of a system call that a signal interrupted.

namespace task {

enum class restart_rule : unsigned char {
    none,         ///< the program sees EINTR
    by_flag,      ///< starts again if the handler has SA_RESTART or there is none (read, wait4, accept)
    no_handler,   ///< starts again only if no handler runs (pause, select, poll, sigsuspend)
    with_remains, ///< as no_handler, but goes on with the time that was left (nanosleep)
};

} // namespace task
