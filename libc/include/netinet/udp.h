#pragma once
/* UDP options and header. */

#include <kernel/abi/udp.h>
#include <sys/types.h>

/* RFC 768, with the field names of BSD and of Linux. */
struct udphdr {
    union {
        struct {
            uint16_t uh_sport;
            uint16_t uh_dport;
            uint16_t uh_ulen;
            uint16_t uh_sum;
        };
        struct {
            uint16_t source;
            uint16_t dest;
            uint16_t len;
            uint16_t check;
        };
    };
};
