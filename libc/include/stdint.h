#pragma once
/* Integer types of given width: the compiler knows them. */

#include <stdint-gcc.h>
