#pragma once
/* Memory and load at a glance. */

#include <kernel/abi/sysinfo.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Fills in uptime, load and memory.
int sysinfo(struct sysinfo* result);
/// CPUs in the machine.
int get_nprocs_conf(void);
/// CPUs at work.
int get_nprocs(void);

__END_DECLS
