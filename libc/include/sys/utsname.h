#pragma once
/* The system's name. */

#include <kernel/abi/utsname.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Name, release and machine of the running system.
int uname(struct utsname* result);

__END_DECLS
