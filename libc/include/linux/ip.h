#pragma once
/* The IPv4 header. */

#include <netinet/ip.h>
