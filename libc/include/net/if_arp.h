#pragma once
/* ARP: the packet's header, and the table as ioctl() sees it. */

#include <kernel/abi/netdevice.h>
#include <sys/types.h>

struct arphdr {
    uint16_t ar_hrd;
    uint16_t ar_pro;
    uint8_t ar_hln;
    uint8_t ar_pln;
    uint16_t ar_op;
};
