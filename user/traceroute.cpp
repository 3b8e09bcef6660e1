// traceroute: finds the routers on the way to a host. UDP datagrams with a time to live of 1, 2, 3 ... to
// ports where nobody listens: each router at which one expires answers with an ICMP error, the host itself
// with "port unreachable". The errors arrive at a raw ICMP socket and quote our datagram, whose port tells
// which probe they answer (RFC 792).

#include "user/connect.hpp"

#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>

static const char usage[] =
    "usage: traceroute [-m HOPS] [-q PROBES] [-w SECONDS] HOST\n"
    "  -m  go no further (30)   -q  probes per hop (3)   -w  wait for an answer (2)\n";

constexpr unsigned first_port = 33434;

enum class outcome { silence, router, arrived, unreachable };

static double now_ms() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// What an ICMP message says about the probe to `port`; silence when it is about something else.
static outcome classify(const uint8_t* data, size_t size, unsigned port) {
    size_t icmp = size > 0 ? static_cast<size_t>(data[0] & 15) * 4 : 0;
    size_t quoted = icmp + 8;
    if (size < quoted + 20) {
        return outcome::silence;
    }
    size_t udp = quoted + static_cast<size_t>(data[quoted] & 15) * 4;
    if (size < udp + 8 || data[quoted + 9] != IPPROTO_UDP ||
        static_cast<unsigned>(data[udp + 2] << 8 | data[udp + 3]) != port) {
        return outcome::silence;
    }
    if (data[icmp] == ICMP_TIME_EXCEEDED) {
        return outcome::router;
    }
    if (data[icmp] == ICMP_DEST_UNREACH) {
        return data[icmp + 1] == ICMP_PORT_UNREACH ? outcome::arrived : outcome::unreachable;
    }
    return outcome::silence;
}

/// Waits for the answer to a probe and notes who sent it.
static outcome wait_for_answer(int raw, unsigned port, double timeout_ms, struct in_addr& sender) {
    static uint8_t buffer[2048];
    double deadline = now_ms() + timeout_ms;
    for (double left; (left = deadline - now_ms()) > 0;) {
        struct pollfd wanted = {raw, POLLIN, 0};
        if (poll(&wanted, 1, static_cast<int>(left) + 1) <= 0) {
            continue;
        }
        struct sockaddr_in from = {};
        socklen_t length = sizeof from;
        ssize_t size =
            recvfrom(raw, buffer, sizeof buffer, 0, reinterpret_cast<struct sockaddr*>(&from), &length);
        outcome found = size > 0 ? classify(buffer, static_cast<size_t>(size), port) : outcome::silence;
        if (found != outcome::silence) {
            sender = from.sin_addr;
            return found;
        }
    }
    return outcome::silence;
}

static void send_probe(int udp, struct sockaddr_in to, int hops, unsigned port) {
    to.sin_port = htons(static_cast<in_port_t>(port));
    if (setsockopt(udp, IPPROTO_IP, IP_TTL, &hops, sizeof hops) != 0) {
        err(1, "time to live");
    }
    static const char payload[32] = "";
    // An error here is the kernel passing on what an earlier probe met; the next call sends.
    for (int i = 0; i < 2; i++) {
        if (sendto(udp, payload, sizeof payload, 0, reinterpret_cast<struct sockaddr*>(&to), sizeof to) >=
            0) {
            return;
        }
    }
    err(1, "sending");
}

/// Probes one distance; true when there is no need to go further.
static bool probe_hop(int raw, int udp, const struct sockaddr_in& to, int hops, long probes,
                      double timeout_ms) {
    static unsigned port = first_port;
    struct in_addr last = {};
    bool done = false;
    printf("%2d ", hops);
    for (long i = 0; i < probes; i++) {
        struct in_addr sender;
        double start = now_ms();
        send_probe(udp, to, hops, port);
        outcome found = wait_for_answer(raw, port++, timeout_ms, sender);
        if (found == outcome::silence) {
            fputs(" *", stdout);
            continue;
        }
        if (sender.s_addr != last.s_addr) {
            char text[INET_ADDRSTRLEN];
            printf(" %s", inet_ntop(AF_INET, &sender, text, sizeof text));
            last = sender;
        }
        printf("  %.3f ms%s", now_ms() - start, found == outcome::unreachable ? " !unreachable" : "");
        fflush(stdout);
        done |= found != outcome::router || sender.s_addr == to.sin_addr.s_addr;
    }
    putchar('\n');
    fflush(stdout);
    return done;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    long furthest = 30, probes = 3, seconds = 2;
    for (int option; (option = getopt(argc, argv, "m:q:w:n")) != -1;) {
        if (option == 'm') {
            furthest = parse_number(optarg, 1, 255, "hops");
        } else if (option == 'q') {
            probes = parse_number(optarg, 1, 10, "probes");
        } else if (option == 'w') {
            seconds = parse_number(optarg, 1, 60, "seconds");
        } else if (option != 'n') {
            usage_error(usage);
        }
    }
    if (optind + 1 != argc) {
        usage_error(usage);
    }
    struct addrinfo* found = resolve(argv[optind], nullptr, SOCK_DGRAM);
    if (found == nullptr) {
        return 1;
    }
    struct sockaddr_in to;
    memcpy(&to, found->ai_addr, sizeof to);
    freeaddrinfo(found);
    int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (raw < 0 || udp < 0) {
        err(1, "socket");
    }
    char text[INET_ADDRSTRLEN];
    printf("traceroute to %s (%s), at most %ld hops\n", argv[optind],
           inet_ntop(AF_INET, &to.sin_addr, text, sizeof text), furthest);
    for (int hops = 1; hops <= furthest; hops++) {
        if (probe_hop(raw, udp, to, hops, probes, static_cast<double>(seconds) * 1e3)) {
            return finish(0);
        }
    }
    return finish(1);
}
