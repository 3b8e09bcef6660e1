#pragma once
/* Interfaces. */

#include <net/if.h>
