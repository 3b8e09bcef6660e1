#pragma once
/* Another home of <sys/syscall.h>. */

#include <sys/syscall.h>
