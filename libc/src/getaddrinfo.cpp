// getaddrinfo() and its inverse getnameinfo() (RFC 3493 6.1, 6.2).
//
// The result is the product of addresses and socket types. Each element is one block from malloc that holds
// the addrinfo, its address and (in the first) the canonical name, so freeaddrinfo() is a walk along the
// list.

#include "libc/src/internal/dns.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

using libc::ip_address;
using libc::lookup_result;
using libc::lookup_status;

struct socket_kind {
    int type;
    int protocol;
    const char* name;
};

constexpr socket_kind kinds[] = {
    {SOCK_STREAM, IPPROTO_TCP, "tcp"}, {SOCK_DGRAM, IPPROTO_UDP, "udp"}, {SOCK_RAW, 0, nullptr}};

constexpr int known_flags =
    AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_V4MAPPED | AI_ALL | AI_ADDRCONFIG | AI_NUMERICSERV;

struct list_element {
    struct addrinfo info;
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    char name[libc::dns_name_bytes];
};

int error_of(lookup_status status) {
    switch (status) {
    case lookup_status::found:
        return 0;
    case lookup_status::try_again:
        return EAI_AGAIN;
    case lookup_status::failed:
        return EAI_FAIL;
    default:
        return EAI_NONAME;
    }
}

int check_hints(const char* host, const char* service, const struct addrinfo& hints) {
    if (host == nullptr && service == nullptr) {
        return EAI_NONAME;
    }
    if ((hints.ai_flags & ~known_flags) != 0 || (host == nullptr && (hints.ai_flags & AI_CANONNAME) != 0)) {
        return EAI_BADFLAGS;
    }
    if (hints.ai_family != AF_UNSPEC && hints.ai_family != AF_INET && hints.ai_family != AF_INET6) {
        return EAI_FAMILY;
    }
    for (const socket_kind& kind : kinds) {
        bool type_fits = hints.ai_socktype == 0 || hints.ai_socktype == kind.type;
        bool protocol_fits =
            hints.ai_protocol == 0 || kind.protocol == 0 || hints.ai_protocol == kind.protocol;
        if (type_fits && protocol_fits) {
            return 0;
        }
    }
    return EAI_SOCKTYPE;
}

/// Port of a service for a kind of socket, in network byte order; false when it has none.
bool find_port(const char* service, const socket_kind& kind, int flags, uint16_t& port, int& error) {
    if (service == nullptr) {
        port = 0;
        return true;
    }
    char* end;
    unsigned long number = strtoul(service, &end, 10);
    if (*service >= '0' && *service <= '9' && *end == '\0') {
        port = htons(static_cast<uint16_t>(number));
        error = number > 65535 ? EAI_SERVICE : error;
        return number <= 65535;
    }
    const struct servent* entry =
        (flags & AI_NUMERICSERV) != 0 || kind.name == nullptr ? nullptr : getservbyname(service, kind.name);
    if (entry == nullptr) {
        error = (flags & AI_NUMERICSERV) != 0 ? EAI_NONAME : EAI_SERVICE;
        return false;
    }
    port = static_cast<uint16_t>(entry->s_port);
    return true;
}

/// Addresses for no host name: any for servers, this machine for clients.
void use_own_addresses(const struct addrinfo& hints, lookup_result& result) {
    bool passive = (hints.ai_flags & AI_PASSIVE) != 0;
    result.count = 0;
    if (hints.ai_family != AF_INET6) {
        result.addresses[result.count++] =
            passive ? ip_address{AF_INET, {}} : ip_address{AF_INET, {127, 0, 0, 1}};
    }
    if (hints.ai_family == AF_INET6 || (hints.ai_family == AF_UNSPEC && libc::has_ipv6())) {
        ip_address& added = result.addresses[result.count++];
        added = {AF_INET6, {}};
        added.bytes[15] = !passive;
    }
}

int find_host(const char* host, const struct addrinfo& hints, lookup_result& result) {
    result.count = 0;
    result.name[0] = '\0';
    if (host == nullptr) {
        use_own_addresses(hints, result);
        return 0;
    }
    if (libc::parse_address(host, AF_UNSPEC, result.addresses[0])) {
        if (hints.ai_family != AF_UNSPEC && hints.ai_family != result.addresses[0].family) {
            return EAI_ADDRFAMILY;
        }
        result.count = 1;
        strlcpy(result.name, host, sizeof result.name);
        return 0;
    }
    if ((hints.ai_flags & AI_NUMERICHOST) != 0) {
        return EAI_NONAME;
    }
    return error_of(libc::find_addresses(host, hints.ai_family, result));
}

list_element* make_element(const ip_address& from, uint16_t port, const socket_kind& kind, int protocol) {
    auto* made = static_cast<list_element*>(calloc(1, sizeof(list_element)));
    if (made == nullptr) {
        return nullptr;
    }
    made->info.ai_family = from.family;
    made->info.ai_socktype = kind.type;
    made->info.ai_protocol = kind.protocol != 0 ? kind.protocol : protocol;
    made->info.ai_addr = reinterpret_cast<struct sockaddr*>(&made->address);
    if (from.family == AF_INET) {
        made->info.ai_addrlen = sizeof made->address.v4;
        made->address.v4.sin_family = AF_INET;
        made->address.v4.sin_port = port;
        memcpy(&made->address.v4.sin_addr, from.bytes, 4);
    } else {
        made->info.ai_addrlen = sizeof made->address.v6;
        made->address.v6.sin6_family = AF_INET6;
        made->address.v6.sin6_port = port;
        memcpy(&made->address.v6.sin6_addr, from.bytes, 16);
    }
    return made;
}

bool kind_wanted(const socket_kind& kind, const struct addrinfo& hints) {
    return (hints.ai_socktype == 0 || hints.ai_socktype == kind.type) &&
           (hints.ai_protocol == 0 || kind.protocol == 0 || hints.ai_protocol == kind.protocol);
}

/// The product of addresses and kinds of sockets; 0 or an EAI_ value.
int build_list(const lookup_result& found, const char* service, const struct addrinfo& hints,
               struct addrinfo** result) {
    struct addrinfo** end = result;
    int error = EAI_SERVICE;
    for (int i = 0; i < found.count; i++) {
        for (const socket_kind& kind : kinds) {
            uint16_t port;
            if (!kind_wanted(kind, hints) || !find_port(service, kind, hints.ai_flags, port, error)) {
                continue;
            }
            list_element* made = make_element(found.addresses[i], port, kind, hints.ai_protocol);
            if (made == nullptr) {
                freeaddrinfo(*result);
                *result = nullptr;
                return EAI_MEMORY;
            }
            if (end == result && (hints.ai_flags & AI_CANONNAME) != 0) {
                strlcpy(made->name, found.name, sizeof made->name);
                made->info.ai_canonname = made->name;
            }
            *end = &made->info;
            end = &made->info.ai_next;
        }
    }
    return *result != nullptr ? 0 : error;
}

/// Takes family, address and port out of a socket address; false for other families or a wrong length.
bool take_apart(const struct sockaddr* address, socklen_t length, ip_address& host, uint16_t& port,
                unsigned& scope) {
    scope = 0;
    host.family = length >= sizeof(sa_family_t) ? address->sa_family : AF_UNSPEC;
    if (host.family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        auto* v4 = reinterpret_cast<const struct sockaddr_in*>(address);
        memcpy(host.bytes, &v4->sin_addr, 4);
        port = v4->sin_port;
        return true;
    }
    if (host.family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
        auto* v6 = reinterpret_cast<const struct sockaddr_in6*>(address);
        memcpy(host.bytes, &v6->sin6_addr, 16);
        port = v6->sin6_port;
        scope = v6->sin6_scope_id;
        return true;
    }
    return false;
}

int write_host(const ip_address& address, unsigned scope, int flags, char* host, socklen_t size) {
    char text[libc::dns_name_bytes + IF_NAMESIZE];
    lookup_result found;
    if ((flags & NI_NUMERICHOST) == 0 && libc::find_name(address, found) == lookup_status::found) {
        strlcpy(text, found.name, sizeof text);
    } else if ((flags & NI_NAMEREQD) != 0) {
        return EAI_NONAME;
    } else {
        inet_ntop(address.family, address.bytes, text, sizeof text);
        char interface[IF_NAMESIZE];
        if (scope != 0 && if_indextoname(scope, interface) != nullptr) {
            strcat(strcat(text, "%"), interface);
        }
    }
    return strlcpy(host, text, size) < size ? 0 : EAI_OVERFLOW;
}

int write_service(uint16_t port, int flags, char* service, socklen_t size) {
    const struct servent* entry = (flags & NI_NUMERICSERV) != 0
                                      ? nullptr
                                      : getservbyport(port, (flags & NI_DGRAM) != 0 ? "udp" : "tcp");
    if (entry != nullptr) {
        return strlcpy(service, entry->s_name, size) < size ? 0 : EAI_OVERFLOW;
    }
    return snprintf(service, size, "%u", ntohs(port)) < static_cast<int>(size) ? 0 : EAI_OVERFLOW;
}

} // namespace

extern "C" {

int getaddrinfo(const char* host, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
    static constexpr struct addrinfo no_hints = {};
    const struct addrinfo& wanted = hints != nullptr ? *hints : no_hints;
    *result = nullptr;
    int error = check_hints(host, service, wanted);
    if (error != 0) {
        return error;
    }
    lookup_result found;
    error = find_host(host, wanted, found);
    return error != 0 ? error : build_list(found, service, wanted, result);
}

void freeaddrinfo(struct addrinfo* list) {
    while (list != nullptr) {
        struct addrinfo* next = list->ai_next;
        free(list);
        list = next;
    }
}

int getnameinfo(const struct sockaddr* address, socklen_t length, char* host, socklen_t host_size,
                char* service, socklen_t service_size, int flags) {
    ip_address parsed;
    uint16_t port;
    unsigned scope;
    if (!take_apart(address, length, parsed, port, scope)) {
        return EAI_FAMILY;
    }
    bool wants_host = host != nullptr && host_size > 0;
    bool wants_service = service != nullptr && service_size > 0;
    if (!wants_host && !wants_service) {
        return EAI_NONAME;
    }
    int error = wants_host ? write_host(parsed, scope, flags, host, host_size) : 0;
    return error == 0 && wants_service ? write_service(port, flags, service, service_size) : error;
}

const char* gai_strerror(int error) {
    switch (error) {
    case 0:
        return "Success";
    case EAI_BADFLAGS:
        return "Bad value for ai_flags";
    case EAI_NONAME:
        return "Name or service not known";
    case EAI_AGAIN:
        return "Temporary failure in name resolution";
    case EAI_FAIL:
        return "Non-recoverable failure in name resolution";
    case EAI_NODATA:
        return "No address associated with hostname";
    case EAI_FAMILY:
        return "ai_family not supported";
    case EAI_SOCKTYPE:
        return "ai_socktype not supported";
    case EAI_SERVICE:
        return "Servname not supported for ai_socktype";
    case EAI_ADDRFAMILY:
        return "Address family for hostname not supported";
    case EAI_MEMORY:
        return "Memory allocation failure";
    case EAI_SYSTEM:
        return "System error";
    case EAI_OVERFLOW:
        return "Argument buffer overflow";
    default:
        return "Unknown error";
    }
}

} // extern "C"
