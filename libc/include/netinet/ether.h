#pragma once
/* Ethernet addresses as text. */

#include <net/ethernet.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// "52:54:0:12:34:56", in a static buffer.
char* ether_ntoa(const struct ether_addr* address);
/// The same in the caller's buffer of 18 bytes.
char* ether_ntoa_r(const struct ether_addr* address, char* buffer);
/// Text to address, in a static buffer; null if it is none.
struct ether_addr* ether_aton(const char* text);
/// The same in the caller's memory.
struct ether_addr* ether_aton_r(const char* text, struct ether_addr* address);

__END_DECLS
