// ifconfig: shows network interfaces and sets their addresses, by the ioctl() requests of netdevice(7);
// counters come from /proc/net/dev.

#include "user/interface.hpp"

#include <net/if_arp.h>

static const char usage[] =
    "usage: ifconfig [-a] [INTERFACE]\n"
    "       ifconfig INTERFACE [ADDRESS[/LENGTH]] [netmask MASK] [broadcast ADDRESS] [mtu BYTES] [up|down]\n"
    "Shows interfaces (with -a also those that are down), or configures one.\n";

struct counters {
    unsigned long long rx_bytes, rx_packets, rx_errors, rx_dropped;
    unsigned long long tx_bytes, tx_packets, tx_errors, tx_dropped;
};

/// Takes the name and the counters from a line of /proc/net/dev; false for its two lines of headings.
static bool parse_line(char* line, const char*& name, counters& result) {
    char* colon = strchr(line, ':');
    if (colon == nullptr) {
        return false;
    }
    *colon = '\0';
    name = line + strspn(line, " ");
    result = {};
    sscanf(colon + 1, "%llu %llu %llu %llu %*u %*u %*u %*u %llu %llu %llu %llu", &result.rx_bytes,
           &result.rx_packets, &result.rx_errors, &result.rx_dropped, &result.tx_bytes, &result.tx_packets,
           &result.tx_errors, &result.tx_dropped);
    return true;
}

static void print_flags(int flags) {
    static const struct {
        int flag;
        const char* name;
    } names[] = {{IFF_UP, "UP"},
                 {IFF_BROADCAST, "BROADCAST"},
                 {IFF_LOOPBACK, "LOOPBACK"},
                 {IFF_RUNNING, "RUNNING"},
                 {IFF_NOARP, "NOARP"},
                 {IFF_PROMISC, "PROMISC"},
                 {IFF_MULTICAST, "MULTICAST"}};
    for (const auto& entry : names) {
        if (flags & entry.flag) {
            printf(" %s", entry.name);
        }
    }
}

static void print_addresses(int fd, const char* name, int flags) {
    struct ifreq request;
    if (query_interface(fd, name, SIOCGIFHWADDR, request) && request.ifr_hwaddr.sa_family == ARPHRD_ETHER) {
        const unsigned char* mac = reinterpret_cast<unsigned char*>(request.ifr_hwaddr.sa_data);
        printf("          ether %02x:%02x:%02x:%02x:%02x:%02x\n", mac[0], mac[1], mac[2], mac[3], mac[4],
               mac[5]);
    }
    if (!query_interface(fd, name, SIOCGIFADDR, request)) {
        return; // none yet
    }
    char text[INET_ADDRSTRLEN];
    struct in_addr address = address_in(request.ifr_addr);
    printf("          inet %s", inet_ntop(AF_INET, &address, text, sizeof text));
    if (query_interface(fd, name, SIOCGIFNETMASK, request)) {
        address = address_in(request.ifr_addr);
        printf("  netmask %s", inet_ntop(AF_INET, &address, text, sizeof text));
    }
    if ((flags & IFF_BROADCAST) && query_interface(fd, name, SIOCGIFBRDADDR, request)) {
        address = address_in(request.ifr_addr);
        printf("  broadcast %s", inet_ntop(AF_INET, &address, text, sizeof text));
    }
    putchar('\n');
}

static void print_interface(int fd, const char* name, const counters& count) {
    struct ifreq request;
    int flags = query_interface(fd, name, SIOCGIFFLAGS, request) ? request.ifr_flags : 0;
    int mtu = query_interface(fd, name, SIOCGIFMTU, request) ? request.ifr_mtu : 0;
    printf("%-9s", name);
    print_flags(flags);
    printf("  mtu %d\n", mtu);
    print_addresses(fd, name, flags);
    printf("          RX packets %llu  bytes %llu  errors %llu  dropped %llu\n", count.rx_packets,
           count.rx_bytes, count.rx_errors, count.rx_dropped);
    printf("          TX packets %llu  bytes %llu  errors %llu  dropped %llu\n\n", count.tx_packets,
           count.tx_bytes, count.tx_errors, count.tx_dropped);
}

/// Shows one interface, or all that are up, or all.
static int show(int fd, const char* wanted, bool all) {
    FILE* file = fopen("/proc/net/dev", "r");
    if (file == nullptr) {
        err(1, "/proc/net/dev");
    }
    char line[512];
    bool found = false;
    while (fgets(line, sizeof line, file) != nullptr) {
        const char* name = nullptr;
        counters count;
        struct ifreq request;
        if (!parse_line(line, name, count)) {
            continue;
        }
        bool up = query_interface(fd, name, SIOCGIFFLAGS, request) && (request.ifr_flags & IFF_UP);
        if (wanted != nullptr ? strcmp(wanted, name) == 0 : all || up) {
            print_interface(fd, name, count);
            found = true;
        }
    }
    fclose(file);
    if (wanted != nullptr && !found) {
        errx(1, "%s: no such interface", wanted);
    }
    return finish(0);
}

static struct in_addr parse_address(const char* text, const char* what) {
    struct in_addr address;
    if (text == nullptr || inet_pton(AF_INET, text, &address) != 1) {
        errx(exit_usage, "%s: not an IPv4 address: '%s'", what, text != nullptr ? text : "");
    }
    return address;
}

static void set_address(int fd, const char* interface, unsigned long what, struct in_addr value,
                        const char* name) {
    if (!set_interface_address(fd, interface, what, value)) {
        err(1, "%s: setting the %s", interface, name);
    }
}

/// Applies one setting and what follows it; how many words it used.
static int apply(int fd, const char* interface, char** words) {
    const char* value = words[1];
    if (strcmp(words[0], "up") == 0 || strcmp(words[0], "down") == 0) {
        bool up = words[0][0] == 'u';
        if (!change_interface_flags(fd, interface, up ? IFF_UP : 0, up ? 0 : IFF_UP)) {
            err(1, "%s: %s", interface, words[0]);
        }
        return 1;
    }
    if (strcmp(words[0], "netmask") == 0) {
        set_address(fd, interface, SIOCSIFNETMASK, parse_address(value, "netmask"), "mask");
        return 2;
    }
    if (strcmp(words[0], "broadcast") == 0) {
        set_address(fd, interface, SIOCSIFBRDADDR, parse_address(value, "broadcast"), "broadcast address");
        return 2;
    }
    if (strcmp(words[0], "mtu") == 0 && value != nullptr) {
        struct ifreq request;
        bool named = set_request_name(request, interface);
        request.ifr_mtu = static_cast<int>(parse_number(value, 68, 65536, "mtu"));
        if (!named || ioctl(fd, SIOCSIFMTU, &request) != 0) {
            err(1, "%s: mtu %s", interface, value);
        }
        return 2;
    }
    struct in_addr address;
    struct in_addr mask = {};
    if (!parse_prefix(words[0], address, mask)) {
        usage_error(usage);
    }
    set_address(fd, interface, SIOCSIFADDR, address, "address");
    if (strchr(words[0], '/') != nullptr) {
        set_address(fd, interface, SIOCSIFNETMASK, mask, "mask");
    }
    return 1;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    int fd = open_control_socket();
    bool all = argc > 1 && strcmp(argv[1], "-a") == 0;
    if (argc <= 2) {
        return show(fd, argc == 2 && !all ? argv[1] : nullptr, all);
    }
    for (int i = 2; i < argc;) {
        i += apply(fd, argv[1], argv + i);
    }
    return 0;
}
