#pragma once
/* Limits. */

#include <limits.h>
