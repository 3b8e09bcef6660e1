#pragma once
/* What the kernel told the program at its start. */

#include <kernel/abi/process.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Value of an AT_ key of the auxiliary vector; 0 with ENOENT when absent.
unsigned long getauxval(unsigned long key);

__END_DECLS
