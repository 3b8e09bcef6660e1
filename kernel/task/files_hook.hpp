#pragma once
// What task needs from kernel/fs, which lies above it: the open files and directories of a process are
// opaque here and handed on by these functions. They are implemented in kernel/fs/fs_context.cpp.

#include "kernel/lib/result.hpp"

namespace task {
struct session;
}

namespace fs {

class fd_table;
struct fs_context;

/// fork: a copy of its own for the child. Process context. ENOMEM.
lib::result<fd_table*> copy_files(fd_table& parent);
lib::result<fs_context*> copy_directories(fs_context& parent);
/// CLONE_FILES, CLONE_FS: one more count on the same.
fd_table* share_files(fd_table& parent);
fs_context* share_directories(fs_context& parent);
/// Gives a count back; the last one closes. Process context, may sleep.
void release_files(fd_table* files);
void release_directories(fs_context* directories);

/// A session leader has gone: its terminal is hung up (SIGHUP, SIGCONT to the foreground group) and
/// belongs to no session any more. Process context.
void session_leader_exited(task::session& gone);

} // namespace fs
