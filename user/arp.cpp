// arp: shows the neighbours from /proc/net/arp; -s and -d set and delete one by SIOCSARP and SIOCDARP
// (arp(7)).

#include "user/interface.hpp"

#include <net/if_arp.h>

static const char usage[] = "usage: arp [-n]\n"
                            "       arp -s ADDRESS HARDWARE-ADDRESS [INTERFACE]\n"
                            "       arp -d ADDRESS [INTERFACE]\n";

static int show() {
    FILE* file = fopen("/proc/net/arp", "r");
    if (file == nullptr) {
        err(1, "/proc/net/arp");
    }
    printf("%-15s %-18s %-10s %s\n", "Address", "Hardware address", "State", "Interface");
    char line[256];
    while (fgets(line, sizeof line, file) != nullptr) {
        char address[32], hardware[32], interface[32];
        unsigned flags;
        if (sscanf(line, "%31s 0x%*x 0x%x %31s %*s %31s", address, &flags, hardware, interface) != 4) {
            continue; // the headings
        }
        const char* state = flags & ATF_PERM ? "permanent" : flags & ATF_COM ? "complete" : "incomplete";
        printf("%-15s %-18s %-10s %s\n", address, hardware, state, interface);
    }
    fclose(file);
    return finish(0);
}

static bool parse_hardware(const char* text, unsigned char* mac) {
    for (int i = 0; i < 6; i++) {
        char* end = nullptr;
        unsigned long value = strtoul(text, &end, 16);
        if (end == text || value > 0xff || *end != (i < 5 ? ':' : '\0')) {
            return false;
        }
        mac[i] = static_cast<unsigned char>(value);
        text = end + 1;
    }
    return true;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    if (argc == 1 || strcmp(argv[1], "-n") == 0 || strcmp(argv[1], "-a") == 0) {
        return show();
    }
    bool set = strcmp(argv[1], "-s") == 0;
    int fixed = set ? 4 : 3;
    if ((!set && strcmp(argv[1], "-d") != 0) || argc < fixed || argc > fixed + 1) {
        usage_error(usage);
    }
    struct arpreq request = {};
    struct in_addr address;
    if (inet_pton(AF_INET, argv[2], &address) != 1) {
        errx(exit_usage, "not an IPv4 address: '%s'", argv[2]);
    }
    put_address(request.arp_pa, address);
    request.arp_ha.sa_family = ARPHRD_ETHER;
    if (set && !parse_hardware(argv[3], reinterpret_cast<unsigned char*>(request.arp_ha.sa_data))) {
        errx(exit_usage, "not a hardware address: '%s'", argv[3]);
    }
    request.arp_flags = set ? ATF_PERM | ATF_COM : 0;
    if (argc > fixed) {
        snprintf(request.arp_dev, sizeof request.arp_dev, "%s", argv[fixed]);
    }
    if (ioctl(open_control_socket(), set ? SIOCSARP : SIOCDARP, &request) != 0) {
        err(1, "%s", argv[2]);
    }
    return 0;
}
