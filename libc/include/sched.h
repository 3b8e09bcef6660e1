#pragma once
/* Scheduling. */

#include <kernel/abi/process.h>
#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

struct sched_param {
    int sched_priority;
};

typedef struct {
    unsigned long bits[16];
} cpu_set_t;

#define CPU_SETSIZE 1024
#define CPU_ZERO(set) __builtin_memset((set), 0, sizeof(cpu_set_t))
#define CPU_SET(cpu, set) ((void)((set)->bits[(cpu) / 64] |= 1ul << ((cpu) % 64)))
#define CPU_CLR(cpu, set) ((void)((set)->bits[(cpu) / 64] &= ~(1ul << ((cpu) % 64))))
#define CPU_ISSET(cpu, set) (((set)->bits[(cpu) / 64] >> ((cpu) % 64) & 1) != 0)

__BEGIN_DECLS

/// Lets others run.
int sched_yield(void);
/// CPUs a process may run on.
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t* set);
/// Sets the CPUs a process may run on.
int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t* set);
/// A process's policy.
int sched_getscheduler(pid_t pid);
/// Sets a process's policy.
int sched_setscheduler(pid_t pid, int policy, const struct sched_param* parameters);
/// Starts `function` in a new process or thread on the given stack.
int clone(int (*function)(void*), void* stack, int flags, void* argument, ...);
/// The CPU the caller runs on.
int sched_getcpu(void);

__END_DECLS
