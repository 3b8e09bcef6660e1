#pragma once
/* TCP options. */

#include <kernel/abi/tcp.h>
