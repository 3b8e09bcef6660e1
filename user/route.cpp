// route: shows the routing table from /proc/net/route, and changes it by SIOCADDRT and SIOCDELRT.

#include "user/interface.hpp"

static const char usage[] =
    "usage: route [-n]\n"
    "       route add|del default|NETWORK[/LENGTH] [netmask MASK] [gw ROUTER] [dev INTERFACE]\n";

/// /proc/net/route prints addresses as the hexadecimal number they are in memory.
static const char* address_text(unsigned long value, char (&text)[INET_ADDRSTRLEN]) {
    struct in_addr address;
    address.s_addr = static_cast<in_addr_t>(value);
    return inet_ntop(AF_INET, &address, text, sizeof text);
}

static int show() {
    FILE* file = fopen("/proc/net/route", "r");
    if (file == nullptr) {
        err(1, "/proc/net/route");
    }
    printf("%-15s %-15s %-15s %-5s %6s %s\n", "Destination", "Gateway", "Mask", "Flags", "Metric",
           "Interface");
    char line[512];
    while (fgets(line, sizeof line, file) != nullptr) {
        char interface[32];
        unsigned long destination, gateway, mask;
        unsigned flags, metric;
        if (sscanf(line, "%31s %lx %lx %x %*d %*d %u %lx", interface, &destination, &gateway, &flags, &metric,
                   &mask) != 6) {
            continue; // the headings
        }
        char a[INET_ADDRSTRLEN], b[INET_ADDRSTRLEN], c[INET_ADDRSTRLEN];
        char letters[4] = "";
        strcat(letters, flags & RTF_UP ? "U" : "");
        strcat(letters, flags & RTF_GATEWAY ? "G" : "");
        strcat(letters, flags & RTF_HOST ? "H" : "");
        printf("%-15s %-15s %-15s %-5s %6u %s\n", mask == 0 ? "default" : address_text(destination, a),
               gateway == 0 ? "-" : address_text(gateway, b), address_text(mask, c), letters, metric,
               interface);
    }
    fclose(file);
    return finish(0);
}

static struct in_addr parse_address(const char* text, const char* what) {
    struct in_addr address;
    if (inet_pton(AF_INET, text, &address) != 1) {
        errx(exit_usage, "%s: not an IPv4 address: '%s'", what, text);
    }
    return address;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    if (argc == 1 || strcmp(argv[1], "-n") == 0) {
        return show();
    }
    bool add = strcmp(argv[1], "add") == 0;
    if (argc < 3 || (!add && strcmp(argv[1], "del") != 0)) {
        usage_error(usage);
    }
    int next = 2;
    if ((strcmp(argv[2], "-net") == 0 || strcmp(argv[2], "-host") == 0) && argc > 3) {
        next++;
    }
    struct in_addr destination = {};
    struct in_addr mask = mask_of(32);
    struct in_addr gateway = {};
    const char* interface = nullptr;
    if (strcmp(argv[next], "default") == 0) {
        mask = mask_of(0);
    } else if (!parse_prefix(argv[next], destination, mask)) {
        usage_error(usage);
    }
    for (next++; next + 1 < argc; next += 2) {
        if (strcmp(argv[next], "gw") == 0) {
            gateway = parse_address(argv[next + 1], "gw");
        } else if (strcmp(argv[next], "netmask") == 0) {
            mask = parse_address(argv[next + 1], "netmask");
        } else if (strcmp(argv[next], "dev") == 0) {
            interface = argv[next + 1];
        } else {
            usage_error(usage);
        }
    }
    if (next < argc) {
        usage_error(usage);
    }
    if (!change_route(open_control_socket(), add ? SIOCADDRT : SIOCDELRT, destination, mask, gateway,
                      interface)) {
        err(1, "%s route", add ? "adding the" : "deleting the");
    }
    return 0;
}
