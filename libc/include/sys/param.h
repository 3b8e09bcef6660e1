#pragma once
/* Old limits and small arithmetic. */

#include <limits.h>
#include <sys/types.h>

#define MAXPATHLEN PATH_MAX
#define MAXHOSTNAMELEN 64
#define MAXSYMLINKS 20
#define NOFILE 256
#define NBBY 8
#define HZ 100
#define DEV_BSIZE 512
#define BYTE_ORDER 1234
#define LITTLE_ENDIAN 1234
#define BIG_ENDIAN 4321
#define MIN(left, right) ((left) < (right) ? (left) : (right))
#define MAX(left, right) ((left) > (right) ? (left) : (right))
#define howmany(count, unit) (((count) + (unit)-1) / (unit))
#define roundup(count, unit) (howmany(count, unit) * (unit))
#define powerof2(number) ((((number)-1) & (number)) == 0)
