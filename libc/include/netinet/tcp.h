#pragma once
/* TCP options and header. */

#include <kernel/abi/tcp.h>
#include <sys/types.h>

#define SOL_TCP 6
#define TH_FIN 0x01
#define TH_SYN 0x02
#define TH_RST 0x04
#define TH_PUSH 0x08
#define TH_ACK 0x10
#define TH_URG 0x20

/* RFC 9293 3.1, with the field names of BSD and of Linux. */
struct tcphdr {
    union {
        struct {
            uint16_t th_sport;
            uint16_t th_dport;
            uint32_t th_seq;
            uint32_t th_ack;
            uint8_t th_x2 : 4, th_off : 4;
            uint8_t th_flags;
            uint16_t th_win;
            uint16_t th_sum;
            uint16_t th_urp;
        };
        struct {
            uint16_t source;
            uint16_t dest;
            uint32_t seq;
            uint32_t ack_seq;
            uint16_t res1 : 4, doff : 4, fin : 1, syn : 1, rst : 1, psh : 1, ack : 1, urg : 1, res2 : 2;
            uint16_t window;
            uint16_t check;
            uint16_t urg_ptr;
        };
    };
};
