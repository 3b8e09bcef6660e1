// Services and protocols by name and number: a table of the usual ones, and /etc/services before it.

#include "libc/src/internal/text_file.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

namespace {

constexpr int most_aliases = 8;

struct known_service {
    const char* name;
    uint16_t port;
    const char* protocol; // null: both tcp and udp
};

constexpr known_service known_services[] = {
    {"echo", 7, nullptr},     {"discard", 9, nullptr},     {"daytime", 13, nullptr},
    {"chargen", 19, nullptr}, {"ftp-data", 20, "tcp"},     {"ftp", 21, "tcp"},
    {"ssh", 22, "tcp"},       {"telnet", 23, "tcp"},       {"smtp", 25, "tcp"},
    {"time", 37, nullptr},    {"domain", 53, nullptr},     {"bootps", 67, "udp"},
    {"bootpc", 68, "udp"},    {"tftp", 69, "udp"},         {"finger", 79, "tcp"},
    {"http", 80, "tcp"},      {"pop3", 110, "tcp"},        {"sunrpc", 111, nullptr},
    {"ntp", 123, "udp"},      {"imap2", 143, "tcp"},       {"snmp", 161, "udp"},
    {"irc", 194, "tcp"},      {"https", 443, nullptr},     {"syslog", 514, "udp"},
    {"imaps", 993, "tcp"},    {"pop3s", 995, "tcp"},       {"nfs", 2049, nullptr},
    {"mysql", 3306, "tcp"},   {"postgresql", 5432, "tcp"}, {"http-alt", 8080, "tcp"},
};

struct known_protocol {
    const char* name;
    const char* alias;
    int number;
};

constexpr known_protocol known_protocols[] = {
    {"ip", "IP", 0},
    {"icmp", "ICMP", 1},
    {"igmp", "IGMP", 2},
    {"tcp", "TCP", 6},
    {"udp", "UDP", 17},
    {"ipv6", "IPv6", 41},
    {"ipv6-icmp", "IPv6-ICMP", 58},
    {"raw", "RAW", 255},
};

struct servent own_service;
char* service_aliases[most_aliases + 1];
char service_line[256];

/// Parses "name port/protocol alias..." in place.
bool parse_service(char* line, struct servent& result) {
    result.s_name = libc::next_word(line);
    char* number = libc::next_word(line);
    char* protocol = number != nullptr ? strchr(number, '/') : nullptr;
    if (result.s_name == nullptr || protocol == nullptr) {
        return false;
    }
    *protocol++ = '\0';
    int port = atoi(number);
    result.s_port = htons(static_cast<uint16_t>(port));
    result.s_proto = protocol;
    result.s_aliases = service_aliases;
    int count = 0;
    while (char* alias = count < most_aliases ? libc::next_word(line) : nullptr) {
        service_aliases[count++] = alias;
    }
    service_aliases[count] = nullptr;
    return port > 0 && port < 65536;
}

struct servent* present(const known_service& known, const char* protocol) {
    service_aliases[0] = nullptr;
    const char* chosen = known.protocol != nullptr ? known.protocol : protocol != nullptr ? protocol : "tcp";
    own_service = {const_cast<char*>(known.name), service_aliases, htons(known.port),
                   const_cast<char*>(chosen)};
    return &own_service;
}

/// The first service of /etc/services, then of the table, that `matches`.
template <typename F>
struct servent* find_service(F matches, const char* protocol) {
    auto protocol_fits = [=](const char* other) {
        return protocol == nullptr || other == nullptr || strcmp(protocol, other) == 0;
    };
    libc::text_file file("/etc/services");
    while (const char* line = file.next_line("#")) {
        if (strlcpy(service_line, line, sizeof service_line) < sizeof service_line &&
            parse_service(service_line, own_service) && protocol_fits(own_service.s_proto) &&
            matches(own_service)) {
            return &own_service;
        }
    }
    for (const known_service& known : known_services) {
        if (protocol_fits(known.protocol) && matches(*present(known, protocol))) {
            return &own_service;
        }
    }
    return nullptr;
}

struct protoent own_protocol;
char* protocol_aliases[2];

struct protoent* present(const known_protocol& known) {
    protocol_aliases[0] = const_cast<char*>(known.alias);
    protocol_aliases[1] = nullptr;
    own_protocol = {const_cast<char*>(known.name), protocol_aliases, known.number};
    return &own_protocol;
}

} // namespace

extern "C" {

struct servent* getservbyname(const char* name, const char* protocol) {
    return find_service(
        [=](const struct servent& entry) {
            bool found = strcmp(entry.s_name, name) == 0;
            for (char** alias = entry.s_aliases; !found && *alias != nullptr; alias++) {
                found = strcmp(*alias, name) == 0;
            }
            return found;
        },
        protocol);
}

struct servent* getservbyport(int port, const char* protocol) {
    return find_service([=](const struct servent& entry) { return entry.s_port == port; }, protocol);
}

void setservent(int) {}
void endservent(void) {}

struct protoent* getprotobyname(const char* name) {
    for (const known_protocol& known : known_protocols) {
        if (strcmp(name, known.name) == 0 || strcmp(name, known.alias) == 0) {
            return present(known);
        }
    }
    return nullptr;
}

struct protoent* getprotobynumber(int number) {
    for (const known_protocol& known : known_protocols) {
        if (known.number == number) {
            return present(known);
        }
    }
    return nullptr;
}

} // extern "C"
