#pragma once
/* Settings of a process. */

#include <kernel/abi/process.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Asks or changes a setting, by PR_ number.
int prctl(int option, ...);

__END_DECLS
