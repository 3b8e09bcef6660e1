#pragma once
/* The calls behind socketcall(), and socketcall() itself. */

#include <kernel/abi/socketcall.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// The one system call of all socket functions: `call` is SYS_SOCKET and so on, `arguments` what it takes.
long socketcall(int call, unsigned long* arguments);

__END_DECLS
