#pragma once
/* AF_PACKET addresses. */

#include <kernel/abi/packet.h>
