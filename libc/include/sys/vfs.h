#pragma once
/* Another home of statfs(). */

#include <sys/statfs.h>
