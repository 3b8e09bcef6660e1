#pragma once
/* ICMP. */

#include <netinet/ip_icmp.h>
