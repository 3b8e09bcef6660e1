#pragma once
/* Ethernet types. */

#include <kernel/abi/packet.h>
