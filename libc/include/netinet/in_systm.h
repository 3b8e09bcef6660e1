#pragma once
/* Old names of network-order integers. */

#include <stdint.h>

typedef uint16_t n_short;
typedef uint32_t n_long;
typedef uint32_t n_time;
