#pragma once
/* Errors received with MSG_ERRQUEUE. */

#include <kernel/abi/socket.h>
