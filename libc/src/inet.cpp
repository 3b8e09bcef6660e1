// Internet addresses as text, byte order, Ethernet addresses: <arpa/inet.h>, <netinet/ether.h>.

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

/// Parses "a.b.c.d" strictly: four decimal numbers up to 255 without leading zeros. The end, or null.
const char* parse_dotted(const char* text, unsigned char* bytes) {
    for (int i = 0; i < 4; i++) {
        if (i > 0 && *text++ != '.') {
            return nullptr;
        }
        unsigned value = 0;
        const char* start = text;
        for (; isdigit(static_cast<unsigned char>(*text)) && text - start < 3; text++) {
            value = value * 10 + static_cast<unsigned>(*text - '0');
        }
        if (text == start || value > 255 || (*start == '0' && text - start > 1)) {
            return nullptr;
        }
        bytes[i] = static_cast<unsigned char>(value);
    }
    return text;
}

/// Parses up to four hexadecimal digits; the end, or null.
const char* parse_group(const char* text, unsigned& value) {
    const char* start = text;
    value = 0;
    for (; isxdigit(static_cast<unsigned char>(*text)) && text - start < 4; text++) {
        auto digit = static_cast<unsigned char>(*text);
        value = value * 16 + static_cast<unsigned>(isdigit(digit) ? digit - '0' : tolower(digit) - 'a' + 10);
    }
    return text == start ? nullptr : text;
}

/// RFC 4291 2.2: eight groups, "::" once for zeros, the last 32 bits perhaps dotted.
bool parse_ipv6(const char* text, unsigned char* address) {
    unsigned char bytes[16] = {};
    int used = 0;
    int gap = -1;
    if (text[0] == ':' && text[1] == ':') {
        gap = 0;
        text += 2;
    }
    while (*text != '\0') {
        unsigned value;
        const char* end = parse_group(text, value);
        if (end != nullptr && *end == '.' && used <= 12) {
            end = parse_dotted(text, bytes + used);
            used += 4;
            text = end;
            break;
        }
        if (end == nullptr || used > 14) {
            return false;
        }
        bytes[used++] = static_cast<unsigned char>(value >> 8);
        bytes[used++] = static_cast<unsigned char>(value);
        text = end;
        if (*text == ':') {
            text++;
            if (*text == ':') {
                if (gap >= 0) {
                    return false;
                }
                gap = used;
                text++;
            } else if (*text == '\0') {
                return false;
            }
        } else if (*text != '\0') {
            return false;
        }
    }
    if (text == nullptr || *text != '\0' || (gap < 0 ? used != 16 : used > 14)) {
        return false;
    }
    memset(address, 0, 16);
    int before = gap < 0 ? 16 : gap;
    memcpy(address, bytes, static_cast<size_t>(before));
    memcpy(address + 16 - (used - before), bytes + before, static_cast<size_t>(used - before));
    return true;
}

/// RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::".
void format_ipv6(const unsigned char* bytes, char* text) {
    unsigned groups[8];
    int best = -1, best_length = 1;
    for (int i = 0, run = 0; i < 8; i++) {
        groups[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
        run = groups[i] == 0 ? run + 1 : 0;
        if (run > best_length) {
            best_length = run;
            best = i - run + 1;
        }
    }
    bool mapped = best == 0 && best_length == 5 && groups[5] == 0xffff;
    bool compatible = best == 0 && best_length == 6;
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            text = stpcpy(text, "::");
            i += best_length - 1;
            continue;
        }
        if (i == 6 && (mapped || compatible)) {
            text = stpcpy(text, mapped ? ":" : "");
            sprintf(text, "%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
            return;
        }
        text += sprintf(text, i > 0 && i != best + best_length ? ":%x" : "%x", groups[i]);
    }
}

} // namespace

extern "C" {

constinit const struct in6_addr in6addr_any = IN6ADDR_ANY_INIT;
constinit const struct in6_addr in6addr_loopback = IN6ADDR_LOOPBACK_INIT;

uint32_t htonl(uint32_t host) {
    return __builtin_bswap32(host);
}
uint16_t htons(uint16_t host) {
    return __builtin_bswap16(host);
}
uint32_t ntohl(uint32_t network) {
    return __builtin_bswap32(network);
}
uint16_t ntohs(uint16_t network) {
    return __builtin_bswap16(network);
}

int inet_aton(const char* text, struct in_addr* result) {
    // BSD's forms: one to four numbers, decimal, octal or hexadecimal; the last one fills the rest.
    unsigned long parts[4];
    int count = 0;
    for (;;) {
        if (!isdigit(static_cast<unsigned char>(*text))) {
            return 0;
        }
        char* end;
        parts[count++] = strtoul(text, &end, 0);
        text = end;
        if (*text != '.' || count == 4) {
            break;
        }
        text++;
    }
    if (*text != '\0' && !isspace(static_cast<unsigned char>(*text))) {
        return 0;
    }
    unsigned long limit = 0xffffffff >> (8 * (count - 1));
    if (parts[count - 1] > limit) {
        return 0;
    }
    unsigned long address = parts[count - 1];
    for (int i = 0; i < count - 1; i++) {
        if (parts[i] > 255) {
            return 0;
        }
        address |= parts[i] << (24 - 8 * i);
    }
    if (result != nullptr) {
        result->s_addr = htonl(static_cast<uint32_t>(address));
    }
    return 1;
}

in_addr_t inet_addr(const char* text) {
    struct in_addr address;
    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

in_addr_t inet_network(const char* text) {
    struct in_addr address;
    return inet_aton(text, &address) ? ntohl(address.s_addr) : INADDR_NONE;
}

in_addr_t inet_lnaof(struct in_addr address) {
    in_addr_t host = ntohl(address.s_addr);
    return host & (IN_CLASSA(host) ? 0xffffff : IN_CLASSB(host) ? 0xffff : 0xff);
}

in_addr_t inet_netof(struct in_addr address) {
    in_addr_t host = ntohl(address.s_addr);
    return host >> (IN_CLASSA(host) ? 24 : IN_CLASSB(host) ? 16 : 8);
}

struct in_addr inet_makeaddr(in_addr_t network, in_addr_t host) {
    int shift = network < 128 ? 24 : network < 65536 ? 16 : 8;
    return {htonl(network << shift | host)};
}

char* inet_ntoa(struct in_addr address) {
    static thread_local char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &address, text, sizeof text);
    return text;
}

const char* inet_ntop(int family, const void* address, char* buffer, socklen_t size) {
    char text[INET6_ADDRSTRLEN];
    auto* bytes = static_cast<const unsigned char*>(address);
    if (family == AF_INET) {
        sprintf(text, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
    } else if (family == AF_INET6) {
        format_ipv6(bytes, text);
    } else {
        errno = EAFNOSUPPORT;
        return nullptr;
    }
    if (strlcpy(buffer, text, size) >= size) {
        errno = ENOSPC;
        return nullptr;
    }
    return buffer;
}

int inet_pton(int family, const char* text, void* address) {
    if (family == AF_INET) {
        unsigned char bytes[4];
        const char* end = parse_dotted(text, bytes);
        if (end == nullptr || *end != '\0') {
            return 0;
        }
        memcpy(address, bytes, sizeof bytes);
        return 1;
    }
    if (family == AF_INET6) {
        return parse_ipv6(text, static_cast<unsigned char*>(address));
    }
    errno = EAFNOSUPPORT;
    return -1;
}

char* ether_ntoa_r(const struct ether_addr* address, char* buffer) {
    const uint8_t* bytes = address->ether_addr_octet;
    sprintf(buffer, "%x:%x:%x:%x:%x:%x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]);
    return buffer;
}

char* ether_ntoa(const struct ether_addr* address) {
    static char text[18];
    return ether_ntoa_r(address, text);
}

struct ether_addr* ether_aton_r(const char* text, struct ether_addr* address) {
    for (int i = 0; i < ETH_ALEN; i++) {
        unsigned value;
        text = i > 0 && *text++ != ':' ? nullptr : parse_group(text, value);
        if (text == nullptr || value > 255) {
            return nullptr;
        }
        address->ether_addr_octet[i] = static_cast<uint8_t>(value);
    }
    return *text == '\0' ? address : nullptr;
}

struct ether_addr* ether_aton(const char* text) {
    static struct ether_addr address;
    return ether_aton_r(text, &address);
}

} // extern "C"
