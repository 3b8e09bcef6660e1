#pragma once
/* Commands of reboot(). */

#include <kernel/abi/process.h>
