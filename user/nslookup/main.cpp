// nslookup: asks a name server and prints its answer. It builds the query and takes the reply apart itself
// (RFC 1035), so it shows the protocol that the resolver of libc speaks too.
//
// A reply comes from the network: every length, and every jump of a compressed name, is checked.

#include "user/connect.hpp"
#include "user/nslookup/message.hpp"
#include "user/nslookup/print.hpp"

#include <poll.h>
#include <stdint.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

static const char usage[] =
    "usage: nslookup [-type=A|AAAA|MX|NS|CNAME|TXT|SOA|PTR] NAME [SERVER]\n"
    "An address as NAME asks for its name (PTR). SERVER is that of /etc/resolv.conf.\n";

constexpr int attempts = 3;
constexpr int patience_ms = 2000;

static uint8_t query[query_limit];

static bool default_server(char* server, size_t size) {
    FILE* file = fopen("/etc/resolv.conf", "r");
    if (file == nullptr) {
        return false;
    }
    char line[256];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != nullptr) {
        char address[64];
        found = sscanf(line, "nameserver %63s", address) == 1 && snprintf(server, size, "%s", address) > 0;
    }
    fclose(file);
    return found;
}

/// Sends the query until the answer to it comes; its size.
static size_t ask(const char* server, size_t query_size, uint8_t (&reply)[4096]) {
    char peer[64];
    int fd = connect_to(server, "53", SOCK_DGRAM, peer, sizeof peer);
    if (fd < 0) {
        exit(1);
    }
    printf("Server:  %s\n\n", peer);
    fflush(stdout);
    int error = ETIMEDOUT;
    for (int i = 0; i < attempts; i++) {
        if (send(fd, query, query_size, 0) < 0) {
            err(1, "%s", peer);
        }
        struct pollfd wanted = {fd, POLLIN, 0};
        while (poll(&wanted, 1, patience_ms) > 0) {
            ssize_t size = recv(fd, reply, sizeof reply, 0);
            if (size < 0) {
                error = errno;
                break;
            }
            bool ours = static_cast<size_t>(size) >= query_size && memcmp(reply, query, 2) == 0 &&
                        (reply[2] & 0x80) &&
                        memcmp(reply + header_bytes, query + header_bytes, query_size - header_bytes) == 0;
            if (ours) {
                close(fd);
                return static_cast<size_t>(size);
            }
        }
    }
    errno = error;
    err(1, "%s: no answer", peer);
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    uint16_t type = 0;
    int next = 1;
    if (next < argc && strncmp(argv[next], "-type=", 6) == 0) {
        for (const record_type& entry : types) {
            type = strcasecmp(entry.name, argv[next] + 6) == 0 ? entry.number : type;
        }
        if (type == 0) {
            usage_error(usage);
        }
        next++;
    }
    if (next >= argc || argc - next > 2) {
        usage_error(usage);
    }
    const char* name = argv[next];
    char server[64], reverse[64];
    if (next + 1 < argc) {
        snprintf(server, sizeof server, "%s", argv[next + 1]);
    } else if (!default_server(server, sizeof server)) {
        errx(1, "/etc/resolv.conf names no server");
    }
    uint8_t address[4];
    if (inet_pton(AF_INET, name, address) == 1 && type == 0) {
        snprintf(reverse, sizeof reverse, "%u.%u.%u.%u.in-addr.arpa", address[3], address[2], address[1],
                 address[0]);
        name = reverse;
        type = 12;
    }
    uint16_t identifier;
    if (getrandom(&identifier, sizeof identifier, 0) != sizeof identifier) {
        identifier = static_cast<uint16_t>(time(nullptr));
    }
    size_t query_size = build_query(query, name, type != 0 ? type : 1, identifier);
    if (query_size == 0) {
        errx(exit_usage, "not a name: '%s'", name);
    }
    static uint8_t reply[4096];
    size_t size = ask(server, query_size, reply);
    return print_reply(reply, size, query_size, name);
}
