#pragma once
/* Waiting for children. */

#include <kernel/abi/process.h>
#include <kernel/abi/signal.h>
#include <sys/cdefs.h>
#include <sys/types.h>

typedef int idtype_t;

__BEGIN_DECLS

/// Waits for any child; its number.
pid_t wait(int* status);
/// Waits for a child (pid), any (-1), any of a group (-group or 0); its number, 0 with WNOHANG if none.
pid_t waitpid(pid_t pid, int* status, int options);
/// The same with what the child used.
pid_t wait3(int* status, int options, struct rusage* usage);
/// The same for a child or group.
pid_t wait4(pid_t pid, int* status, int options, struct rusage* usage);
/// Waits and describes what happened.
int waitid(idtype_t type, id_t id, siginfo_t* info, int options);

__END_DECLS
