#pragma once
/* Integers as Linux names them. */

#include <sys/types.h>
