#pragma once
/* Addresses of this machine's interfaces. */

#include <sys/cdefs.h>
#include <sys/socket.h>

struct ifaddrs {
    struct ifaddrs* ifa_next;
    char* ifa_name;
    unsigned int ifa_flags;
    struct sockaddr* ifa_addr;
    struct sockaddr* ifa_netmask;
    struct sockaddr* ifa_broadaddr; /* the peer's, on point-to-point interfaces */
    void* ifa_data;
};

#define ifa_dstaddr ifa_broadaddr
#define ifa_broadcast ifa_broadaddr

__BEGIN_DECLS

/// All addresses, as a list for freeifaddrs().
int getifaddrs(struct ifaddrs** list);
/// Frees that list.
void freeifaddrs(struct ifaddrs* list);

__END_DECLS
