#pragma once
/* Requests to devices. */

#include <kernel/abi/netdevice.h>
#include <kernel/abi/termios.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Sends a request to what is open.
int ioctl(int fd, unsigned long request, ...);

__END_DECLS
