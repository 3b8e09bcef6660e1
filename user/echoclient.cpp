// echoclient: sends lines to an echo server and checks that they come back.

#include "user/connect.hpp"

#include <poll.h>
#include <time.h>

static const char usage[] =
    "usage: echoclient [-u] [-n COUNT] [-s BYTES] HOST [PORT [TEXT]]\n"
    "  -u  UDP instead of TCP   -n  rounds (1)   -s  send that many bytes instead of TEXT\n"
    "PORT is 7 unless given. Status: 0 when all came back.\n";

constexpr int patience_ms = 5000;

static double now_ms() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// Receives exactly `size` bytes (a datagram comes whole); false, with errno, otherwise.
static bool receive(int fd, char* data, size_t size) {
    for (size_t have = 0; have < size;) {
        struct pollfd wanted = {fd, POLLIN, 0};
        if (poll(&wanted, 1, patience_ms) == 0) {
            errno = ETIMEDOUT;
            return false;
        }
        ssize_t count = recv(fd, data + have, size - have, 0);
        if (count <= 0) {
            errno = count == 0 ? ECONNRESET : errno;
            return false;
        }
        have += static_cast<size_t>(count);
    }
    return true;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    int type = SOCK_STREAM;
    long rounds = 1;
    size_t size = 0;
    for (int option; (option = getopt(argc, argv, "un:s:")) != -1;) {
        if (option == 'u') {
            type = SOCK_DGRAM;
        } else if (option == 'n') {
            rounds = parse_number(optarg, 1, 1000000000, "count");
        } else if (option == 's') {
            size = static_cast<size_t>(parse_number(optarg, 1, 65507, "bytes"));
        } else {
            usage_error(usage);
        }
    }
    if (optind >= argc || argc - optind > 3) {
        usage_error(usage);
    }
    const char* port = optind + 1 < argc ? argv[optind + 1] : "7";
    const char* text = optind + 2 < argc ? argv[optind + 2] : "hello";
    static char sent[65536], received[65536];
    if (size == 0) {
        size = static_cast<size_t>(snprintf(sent, sizeof sent, "%s\n", text));
        size = size < sizeof sent ? size : sizeof sent - 1;
    } else {
        for (size_t i = 0; i < size; i++) {
            sent[i] = static_cast<char>('a' + i % 26);
        }
    }
    char peer[64];
    int fd = connect_to(argv[optind], port, type, peer, sizeof peer);
    if (fd < 0) {
        return 1;
    }
    double start = now_ms();
    for (long i = 0; i < rounds; i++) {
        if (!write_all(fd, sent, size)) {
            err(1, "sending to %s", peer);
        }
        if (!receive(fd, received, size)) {
            err(1, "receiving from %s", peer);
        }
        if (memcmp(sent, received, size) != 0) {
            errx(1, "%s sent back something else", peer);
        }
    }
    double elapsed = now_ms() - start;
    printf("%s: %ld x %zu bytes came back, %.3f ms each\n", peer, rounds, size,
           elapsed / static_cast<double>(rounds));
    return finish(0);
}
