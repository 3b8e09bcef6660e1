#pragma once
// Network interfaces as ioctl() on any socket sees them (netdevice(7)). Every request names its interface in
// a struct ifreq, and one field of its union carries the value in or out.

#include "user/program.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/// A socket to send requests through; ends the program when there is none.
inline int open_control_socket() {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0) {
        err(1, "socket");
    }
    return fd;
}

inline bool set_request_name(struct ifreq& request, const char* interface) {
    memset(&request, 0, sizeof request);
    if (strlen(interface) >= IFNAMSIZ) {
        errno = ENODEV;
        return false;
    }
    strcpy(request.ifr_name, interface);
    return true;
}

/// Sends a request that only asks; the answer is in `request`.
inline bool query_interface(int fd, const char* interface, unsigned long what, struct ifreq& request) {
    return set_request_name(request, interface) && ioctl(fd, what, &request) == 0;
}

inline struct in_addr address_in(const struct sockaddr& from) {
    struct sockaddr_in address;
    memcpy(&address, &from, sizeof address);
    return address.sin_addr;
}

inline void put_address(struct sockaddr& to, struct in_addr value) {
    struct sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr = value;
    memcpy(&to, &address, sizeof address);
}

/// Sets one of the addresses: SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFBRDADDR.
inline bool set_interface_address(int fd, const char* interface, unsigned long what, struct in_addr value) {
    struct ifreq request;
    if (!set_request_name(request, interface)) {
        return false;
    }
    put_address(request.ifr_addr, value);
    return ioctl(fd, what, &request) == 0;
}

inline bool change_interface_flags(int fd, const char* interface, int set, int clear) {
    struct ifreq request;
    if (!query_interface(fd, interface, SIOCGIFFLAGS, request)) {
        return false;
    }
    request.ifr_flags = static_cast<short>((request.ifr_flags | set) & ~clear);
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/// The mask of a prefix length: 24 gives 255.255.255.0.
inline struct in_addr mask_of(long prefix_length) {
    struct in_addr mask;
    mask.s_addr = prefix_length == 0 ? 0 : htonl(0xffffffffu << (32 - prefix_length));
    return mask;
}

/// Adds or deletes (SIOCADDRT, SIOCDELRT) a route. `gateway` 0 means directly on `interface`, which may be
/// null.
inline bool change_route(int fd, unsigned long what, struct in_addr destination, struct in_addr mask,
                         struct in_addr gateway, const char* interface) {
    struct rtentry route = {};
    put_address(route.rt_dst, destination);
    put_address(route.rt_genmask, mask);
    put_address(route.rt_gateway, gateway);
    route.rt_flags = RTF_UP;
    if (gateway.s_addr != 0) {
        route.rt_flags |= RTF_GATEWAY;
    }
    if (mask.s_addr == 0xffffffffu) {
        route.rt_flags |= RTF_HOST;
    }
    char device[IFNAMSIZ];
    if (interface != nullptr) {
        snprintf(device, sizeof device, "%s", interface);
        route.rt_dev = device;
    }
    return ioctl(fd, what, &route) == 0;
}

/// Reads ADDRESS or ADDRESS/LENGTH; `mask` changes only when a length is given. False when it is neither.
inline bool parse_prefix(const char* text, struct in_addr& address, struct in_addr& mask) {
    char copy[32];
    const char* slash = strchr(text, '/');
    size_t length = slash != nullptr ? static_cast<size_t>(slash - text) : strlen(text);
    if (length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (slash != nullptr) {
        mask = mask_of(parse_number(slash + 1, 0, 32, "prefix length"));
    }
    return inet_pton(AF_INET, copy, &address) == 1;
}
