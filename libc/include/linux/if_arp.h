#pragma once
/* ARP. */

#include <net/if_arp.h>
