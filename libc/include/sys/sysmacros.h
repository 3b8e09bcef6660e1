#pragma once
/* The halves of a device number. */

#include <sys/types.h>

#define major(device) ((unsigned int)((((device) >> 8) & 0xfff) | (((device) >> 32) & ~0xffful)))
#define minor(device) ((unsigned int)(((device)&0xff) | (((device) >> 12) & ~0xfful)))
#define makedev(upper, lower)                                                                                \
    ((((dev_t)(upper)&0xfff) << 8) | (((dev_t)(upper) & ~0xffful) << 32) | ((dev_t)(lower)&0xff) |           \
     (((dev_t)(lower) & ~0xfful) << 12))
