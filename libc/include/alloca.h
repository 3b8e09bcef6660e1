#pragma once
/* alloca(): memory of the calling function, gone when it returns. */

#include <stddef.h>

#define alloca(size) __builtin_alloca(size)
