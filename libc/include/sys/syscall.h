#pragma once
/* System call numbers for syscall(). */

#include <kernel/abi/syscall.h>
