#pragma once
/* Internet addresses as text, and network byte order. */

#include <netinet/in.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// Dotted address, in network byte order; INADDR_NONE if it is none.
in_addr_t inet_addr(const char* text);
/// Dotted address into `*result`; 1, or 0 if it is none. Takes short and octal forms too.
int inet_aton(const char* text, struct in_addr* result);
/// Address as text, in a static buffer.
char* inet_ntoa(struct in_addr address);
/// Address as text in the caller's buffer; null with errno (ENOSPC, EAFNOSUPPORT).
const char* inet_ntop(int family, const void* address, char* buffer, socklen_t size);
/// Text to address; 1, 0 if it is none, -1 for an unknown family.
int inet_pton(int family, const char* text, void* address);
/// Network number, in host byte order; INADDR_NONE if it is none.
in_addr_t inet_network(const char* text);
/// The network part of an address by its class.
in_addr_t inet_netof(struct in_addr address);
/// The host part of an address by its class.
in_addr_t inet_lnaof(struct in_addr address);
/// An address from its network and host part.
struct in_addr inet_makeaddr(in_addr_t network, in_addr_t host);

__END_DECLS
