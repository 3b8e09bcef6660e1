#pragma once
/* sysinfo(): memory and load at a glance (Linux x86-64 layout). */

#include <stdint.h>

#define SI_LOAD_SHIFT 16

struct sysinfo {
    int64_t uptime;    /* seconds */
    uint64_t loads[3]; /* 1, 5 and 15 minutes, fixed point with SI_LOAD_SHIFT fraction bits */
    uint64_t totalram; /* in units of mem_unit */
    uint64_t freeram;
    uint64_t sharedram;
    uint64_t bufferram;
    uint64_t totalswap;
    uint64_t freeswap;
    uint16_t procs;
    uint16_t padding;
    uint64_t totalhigh;
    uint64_t freehigh;
    uint32_t mem_unit; /* bytes */
};
