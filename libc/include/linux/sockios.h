#pragma once
/* Requests to interfaces. */

#include <kernel/abi/netdevice.h>
