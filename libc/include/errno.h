#pragma once
/* errno: the reason of the calling thread's last failed call. */

#include <kernel/abi/errno.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Where the calling thread keeps its errno.
int* __errno_location(void) __attribute__((__const__));
#define errno (*__errno_location())

/// The program's name as started, and the part after its last slash.
extern char* program_invocation_name;
extern char* program_invocation_short_name;

__END_DECLS
