// Finding addresses of names and names of addresses: /etc/hosts first, then the servers of /etc/resolv.conf
// with its search list. internal/dns.hpp is the interface; resolver.cpp asks the servers.

#include "libc/src/internal/dns.hpp"
#include "libc/src/internal/text_file.hpp"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace libc {

namespace {

constexpr int most_searched = 6; // domains of the search list

/// Both kinds of addresses of one complete name, as the family asks.
lookup_status ask_addresses(const resolver_configuration& servers, const char* name, int family,
                            lookup_result& result) {
    lookup_status status = lookup_status::no_data;
    if (family != AF_INET6) {
        status = ask_configured(servers, name, dns_a, result);
    }
    if (family == AF_INET6 || (family == AF_UNSPEC && status != lookup_status::not_found && has_ipv6())) {
        lookup_status second = ask_configured(servers, name, dns_aaaa, result);
        status = second == lookup_status::found || status != lookup_status::found ? second : status;
    }
    return status;
}

/// Tries a name with each domain of the search list.
lookup_status search_addresses(const resolver_configuration& servers, const char* name, int family,
                               lookup_result& result) {
    char list[sizeof servers.search_text];
    strcpy(list, servers.search_text);
    char* rest = list;
    lookup_status status = lookup_status::not_found;
    for (int i = 0; i < most_searched; i++) {
        const char* domain = next_word(rest);
        char complete[dns_name_bytes];
        if (domain == nullptr || strlen(name) + 1 + strlen(domain) >= sizeof complete) {
            break;
        }
        stpcpy(stpcpy(stpcpy(complete, name), "."), domain);
        status = ask_addresses(servers, complete, family, result);
        if (status == lookup_status::found) {
            break;
        }
    }
    return status;
}

int count_dots(const char* name) {
    int dots = 0;
    for (; *name != '\0'; name++) {
        dots += *name == '.';
    }
    return dots;
}

/// Looks for a line of /etc/hosts; `matches` gets its address and the rest with the names.
template <typename F>
bool search_hosts(F matches) {
    text_file file("/etc/hosts");
    while (char* line = file.next_line("#")) {
        const char* text = next_word(line);
        ip_address address;
        if (text != nullptr && parse_address(text, AF_UNSPEC, address) && matches(address, line)) {
            return true;
        }
    }
    return false;
}

bool find_in_hosts(const char* name, int family, lookup_result& result) {
    search_hosts([&](const ip_address& address, char* names) {
        if (result.count == most_addresses || (family != AF_UNSPEC && address.family != family) ||
            (family == AF_UNSPEC && address.family == AF_INET6 && !has_ipv6())) {
            return false;
        }
        const char* first = next_word(names);
        for (const char* each = first; each != nullptr; each = next_word(names)) {
            if (strcasecmp(each, name) == 0) {
                result.addresses[result.count++] = address;
                strlcpy(result.name, first, sizeof result.name);
                break;
            }
        }
        return false; // A name may have several lines.
    });
    return result.count > 0;
}

/// "localhost" means this machine even without /etc/hosts (RFC 6761 6.3).
bool is_localhost(const char* name) {
    size_t length = strlen(name);
    return strcasecmp(name, "localhost") == 0 ||
           (length > 10 && strcasecmp(name + length - 10, ".localhost") == 0);
}

void build_reverse_name(const ip_address& address, char* text) {
    if (address.family == AF_INET) {
        const unsigned char* bytes = address.bytes;
        snprintf(text, dns_name_bytes, "%u.%u.%u.%u.in-addr.arpa", bytes[3], bytes[2], bytes[1], bytes[0]);
        return;
    }
    for (int i = 15; i >= 0; i--) {
        text += sprintf(text, "%x.%x.", address.bytes[i] & 15u, address.bytes[i] >> 4);
    }
    strcpy(text, "ip6.arpa");
}

} // namespace

bool has_ipv6() {
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

bool parse_address(const char* text, int family, ip_address& address) {
    struct in_addr simple;
    if (family != AF_INET6 && inet_aton(text, &simple)) {
        address.family = AF_INET;
        memcpy(address.bytes, &simple, sizeof simple);
        return true;
    }
    if (family != AF_INET && inet_pton(AF_INET6, text, address.bytes) == 1) {
        address.family = AF_INET6;
        return true;
    }
    return false;
}

lookup_status find_addresses(const char* name, int family, lookup_result& result) {
    result.count = 0;
    if (find_in_hosts(name, family, result)) {
        return lookup_status::found;
    }
    if (is_localhost(name)) {
        bool version_6 = family == AF_INET6;
        result.addresses[0] = version_6 ? ip_address{AF_INET6, {}} : ip_address{AF_INET, {127, 0, 0, 1}};
        if (version_6) {
            result.addresses[0].bytes[15] = 1; // ::1
        }
        result.count = 1;
        strlcpy(result.name, name, sizeof result.name);
        return lookup_status::found;
    }
    resolver_configuration servers;
    read_configuration(servers);
    size_t length = strlen(name);
    bool absolute = length > 0 && name[length - 1] == '.';
    bool as_is_first = absolute || count_dots(name) >= servers.least_dots;
    lookup_status status = lookup_status::not_found;
    if (as_is_first) {
        status = ask_addresses(servers, name, family, result);
    }
    if (status != lookup_status::found && !absolute && *servers.search_text != '\0') {
        lookup_status searched = search_addresses(servers, name, family, result);
        status = searched == lookup_status::found || !as_is_first ? searched : status;
    }
    if (status != lookup_status::found && !as_is_first) {
        status = ask_addresses(servers, name, family, result);
    }
    return status;
}

lookup_status find_name(const ip_address& address, lookup_result& result) {
    bool found = search_hosts([&](const ip_address& each, char* names) {
        size_t size = address.family == AF_INET ? 4 : 16;
        if (each.family != address.family || memcmp(each.bytes, address.bytes, size) != 0) {
            return false;
        }
        const char* name = next_word(names);
        strlcpy(result.name, name != nullptr ? name : "", sizeof result.name);
        return name != nullptr;
    });
    if (found) {
        return lookup_status::found;
    }
    char reverse[dns_name_bytes];
    build_reverse_name(address, reverse);
    resolver_configuration servers;
    read_configuration(servers);
    return ask_configured(servers, reverse, dns_ptr, result);
}

} // namespace libc
