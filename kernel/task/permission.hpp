#pragma once
// What one process may do to another, asked in one place by everything that reaches across.

#include "kernel/task/process.hpp"

namespace task {

/// kill(2)'s rule between users: root may signal everybody, others whose real or saved user is their own. Of
/// the sender only the user ids count. Any context; takes the target's details_lock.
bool may_signal(const credentials& sender, process& target);

/// prlimit(2)'s rule: the caller's own process, one whose user and group ids are all the caller's real ones,
/// or everybody for root. Process context.
bool may_limit(process& target);

/// Who may look into a process: at its memory, its files and places (Linux: ptrace_may_access). Its own
/// threads; one whose effective user and group are all of the target's ids; root. Process context.
bool may_inspect(process& target);

} // namespace task
