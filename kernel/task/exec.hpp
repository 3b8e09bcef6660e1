#pragma once
// The task side of execve: what changes in process and thread when a new program takes over. The file
// side, and the order of things, is in kernel/syscall/execve.cpp.

#include "kernel/lib/ref.hpp"
#include "kernel/lib/result.hpp"
#include "kernel/task/process.hpp"
#include "kernel/task/signal.hpp"

namespace task {

/// The table of actions the new program starts with: handlers are gone, ignored signals stay ignored.
/// ENOMEM.
lib::result<lib::ref<signal_actions>> make_actions_for_exec(process& self);
void take_over_actions(process& self, lib::ref<signal_actions> fresh);

/// The last thread of the process takes the process's id.
void become_leader(thread& self);
/// Says good-bye in the old memory (CLONE_CHILD_CLEARTID) and forgets its addresses.
void leave_old_program(thread& self);
/// The new program runs: a vfork parent may go on, and setpgid by the parent is over.
void announce_exec(process& self);

} // namespace task
