#pragma once
/* Internet addresses, protocols and options. */

#include <endian.h>
#include <kernel/abi/inet.h>
#include <sys/cdefs.h>
#include <sys/socket.h>

#define s6_addr in6_u.s6_bytes
#define s6_addr16 in6_u.s6_words
#define s6_addr32 in6_u.s6_longs

#define IN6ADDR_ANY_INIT                                                                                     \
    {                                                                                                        \
        {                                                                                                    \
            { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }                                               \
        }                                                                                                    \
    }
#define IN6ADDR_LOOPBACK_INIT                                                                                \
    {                                                                                                        \
        {                                                                                                    \
            { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }                                               \
        }                                                                                                    \
    }

#define IN_CLASSA(address) (((in_addr_t)(address)&0x80000000) == 0)
#define IN_CLASSB(address) (((in_addr_t)(address)&0xc0000000) == 0x80000000)
#define IN_CLASSC(address) (((in_addr_t)(address)&0xe0000000) == 0xc0000000)
#define IN_CLASSD(address) (((in_addr_t)(address)&0xf0000000) == 0xe0000000)
#define IN_MULTICAST(address) IN_CLASSD(address)
#define IN_LOOPBACKNET 127

#define IN6_IS_ADDR_UNSPECIFIED(a) (__builtin_memcmp((a), &in6addr_any, 16) == 0)
#define IN6_IS_ADDR_LOOPBACK(a) (__builtin_memcmp((a), &in6addr_loopback, 16) == 0)
#define IN6_IS_ADDR_MULTICAST(a) ((a)->s6_addr[0] == 0xff)
#define IN6_IS_ADDR_LINKLOCAL(a) ((a)->s6_addr[0] == 0xfe && ((a)->s6_addr[1] & 0xc0) == 0x80)
#define IN6_IS_ADDR_SITELOCAL(a) ((a)->s6_addr[0] == 0xfe && ((a)->s6_addr[1] & 0xc0) == 0xc0)
#define IN6_IS_ADDR_V4MAPPED(a)                                                                              \
    ((a)->s6_addr32[0] == 0 && (a)->s6_addr32[1] == 0 && (a)->s6_addr32[2] == htonl(0xffff))
#define IN6_IS_ADDR_V4COMPAT(a)                                                                              \
    ((a)->s6_addr32[0] == 0 && (a)->s6_addr32[1] == 0 && (a)->s6_addr32[2] == 0 &&                           \
     ntohl((a)->s6_addr32[3]) > 1)
#define IN6_ARE_ADDR_EQUAL(a, b) (__builtin_memcmp((a), (b), 16) == 0)

__BEGIN_DECLS

extern const struct in6_addr in6addr_any;
extern const struct in6_addr in6addr_loopback;

/// To network byte order.
uint32_t htonl(uint32_t host);
/// To network byte order.
uint16_t htons(uint16_t host);
/// From network byte order.
uint32_t ntohl(uint32_t network);
/// From network byte order.
uint16_t ntohs(uint16_t network);

__END_DECLS
