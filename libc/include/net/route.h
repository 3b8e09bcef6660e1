#pragma once
/* Routes as ioctl() sees them. */

#include <kernel/abi/netdevice.h>
#include <netinet/in.h>
