#pragma once
/* Ethernet frames and ARP packets on them. */

#include <net/ethernet.h>
#include <net/if_arp.h>

/* ARP for IPv4 over Ethernet (RFC 826). */
struct ether_arp {
    struct arphdr ea_hdr;
    uint8_t arp_sha[6];
    uint8_t arp_spa[4];
    uint8_t arp_tha[6];
    uint8_t arp_tpa[4];
};

#define arp_hrd ea_hdr.ar_hrd
#define arp_pro ea_hdr.ar_pro
#define arp_hln ea_hdr.ar_hln
#define arp_pln ea_hdr.ar_pln
#define arp_op ea_hdr.ar_op
