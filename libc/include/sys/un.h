#pragma once
/* AF_UNIX addresses. */

#include <kernel/abi/un.h>
#include <string.h>

/* Length of an address with a path. */
#define SUN_LEN(address) (offsetof(struct sockaddr_un, sun_path) + strlen((address)->sun_path))
