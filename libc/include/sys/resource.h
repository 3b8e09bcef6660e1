#pragma once
/* Limits, priorities, what a process has used. */

#include <kernel/abi/process.h>
#include <sys/cdefs.h>
#include <sys/time.h>
#include <sys/types.h>

typedef uint64_t rlim_t;

__BEGIN_DECLS

/// Reads a limit.
int getrlimit(int resource, struct rlimit* result);
/// Sets a limit.
int setrlimit(int resource, const struct rlimit* wanted);
/// Reads and sets a limit of a process.
int prlimit(pid_t pid, int resource, const struct rlimit* wanted, struct rlimit* old);
/// What the process or its children used.
int getrusage(int who, struct rusage* result);
/// A priority, -20 (high) to 19. Clear errno first: -1 is a priority too.
int getpriority(int which, id_t who);
/// Sets a priority.
int setpriority(int which, id_t who, int priority);

__END_DECLS
