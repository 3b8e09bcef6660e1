#pragma once
/* Operations of futex(). */

#include <kernel/abi/process.h>
