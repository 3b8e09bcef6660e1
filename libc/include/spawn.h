#pragma once
/* Starting programs without fork(): posix_spawn() and what the child does before it becomes the program. */

#include <kernel/abi/signal.h>
#include <sched.h>
#include <sys/cdefs.h>
#include <sys/types.h>

typedef struct {
    int flags;
    pid_t group;
    sigset_t mask;
    sigset_t defaults;
} posix_spawnattr_t;

struct __spawn_action;

typedef struct {
    struct __spawn_action* actions;
    int count;
} posix_spawn_file_actions_t;

#define POSIX_SPAWN_RESETIDS 1
#define POSIX_SPAWN_SETPGROUP 2
#define POSIX_SPAWN_SETSIGDEF 4
#define POSIX_SPAWN_SETSIGMASK 8
#define POSIX_SPAWN_SETSID 128

__BEGIN_DECLS

/// Starts a program; 0 and its number, or an errno value, also when the program cannot be executed.
int posix_spawn(pid_t* pid, const char* path, const posix_spawn_file_actions_t* actions,
                const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment);
/// The same, looking for `file` in PATH.
int posix_spawnp(pid_t* pid, const char* file, const posix_spawn_file_actions_t* actions,
                 const posix_spawnattr_t* attributes, char* const* arguments, char* const* environment);

/// No attributes.
int posix_spawnattr_init(posix_spawnattr_t* attributes);
/// Nothing to do.
int posix_spawnattr_destroy(posix_spawnattr_t* attributes);
/// Which of the attributes count.
int posix_spawnattr_setflags(posix_spawnattr_t* attributes, short flags);
/// The process group, 0 for one of its own.
int posix_spawnattr_setpgroup(posix_spawnattr_t* attributes, pid_t group);
/// The blocked signals.
int posix_spawnattr_setsigmask(posix_spawnattr_t* attributes, const sigset_t* mask);
/// Signals to be set to their default action.
int posix_spawnattr_setsigdefault(posix_spawnattr_t* attributes, const sigset_t* signals);

/// No actions.
int posix_spawn_file_actions_init(posix_spawn_file_actions_t* actions);
/// Frees the list.
int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t* actions);
/// Opens a file as a certain descriptor.
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t* actions, int fd, const char* path, int flags,
                                     mode_t mode);
/// Closes a descriptor.
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t* actions, int fd);
/// Makes one descriptor a copy of another.
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t* actions, int fd, int to);
/// Changes the working folder.
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t* actions, const char* path);

__END_DECLS
