// nc: connects standard input and output to a TCP or UDP socket. The smallest complete example of both ends
// of a connection, and of closing one direction: when our input ends we shut down the sending side and go on
// receiving until the peer ends too.

#include "user/connect.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

static const char usage[] =
    "usage: nc [-u] [-v] [-z] [-w SECONDS] HOST PORT\n"
    "       nc -l [-k] [-u] [-v] [-w SECONDS] [-p] PORT\n"
    "  -l  wait for a connection     -k  and for more after it   -u  UDP instead of TCP\n"
    "  -w  give up after this time without a connection or data  -z  only try to connect\n"
    "  -v  say what happens\n";

struct options {
    bool listening = false;
    bool keep = false;
    bool udp = false;
    bool verbose = false;
    bool probe = false;
    int timeout_ms = -1;
};

static options option;
static bool failed; // reading or writing went wrong, which has been reported

/// Waits for a non-blocking connect to end (connect(2), EINPROGRESS); false with errno.
static bool wait_for_connect(int fd) {
    struct pollfd wanted = {fd, POLLOUT, 0};
    int ready = poll(&wanted, 1, option.timeout_ms);
    if (ready <= 0) {
        errno = ready == 0 ? ETIMEDOUT : errno;
        return false;
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0;
}

static bool connect_in_time(int fd, const struct addrinfo* to) {
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    bool connected =
        connect(fd, to->ai_addr, to->ai_addrlen) == 0 || (errno == EINPROGRESS && wait_for_connect(fd));
    int why = errno;
    fcntl(fd, F_SETFL, flags);
    errno = why;
    return connected;
}

/// Tries every address of the host; ends the program when none answers.
static int open_client(const char* host, const char* port) {
    struct addrinfo* addresses = resolve(host, port, option.udp ? SOCK_DGRAM : SOCK_STREAM);
    char peer[64];
    for (struct addrinfo* one = addresses; one != nullptr; one = one->ai_next) {
        address_text(one->ai_addr, peer, sizeof peer);
        int fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd < 0) {
            err(1, "socket");
        }
        if (connect_in_time(fd, one)) {
            if (option.verbose) {
                fprintf(stderr, "connected to %s\n", peer);
            }
            freeaddrinfo(addresses);
            return fd;
        }
        warn("%s", peer);
        close(fd);
    }
    exit(1);
}

/// Accepts a connection; for UDP, takes the sender of the first datagram as the peer, leaving the datagram.
static int accept_peer(int listener) {
    struct pollfd wanted = {listener, POLLIN, 0};
    int ready = poll(&wanted, 1, option.timeout_ms);
    if (ready == 0) {
        errx(1, "nobody connected");
    }
    struct sockaddr_in peer = {};
    struct sockaddr* address = reinterpret_cast<struct sockaddr*>(&peer);
    socklen_t size = sizeof peer;
    int fd = listener;
    if (option.udp) {
        char ignored;
        if (recvfrom(fd, &ignored, 1, MSG_PEEK, address, &size) < 0 || connect(fd, address, size) != 0) {
            err(1, "receiving");
        }
    } else if ((fd = accept(listener, address, &size)) < 0) {
        err(1, "accept");
    }
    if (option.verbose) {
        char text[64];
        fprintf(stderr, "connection from %s\n", address_text(address, text, sizeof text));
    }
    return fd;
}

/// Moves one bufferful; false at the end of input or on an error, which is reported.
static bool move_some(int from, int to, const char* what) {
    static char buffer[65536];
    ssize_t count = read(from, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) {
        return true;
    }
    if (count < 0 || (count > 0 && !write_all(to, buffer, static_cast<size_t>(count)))) {
        warn("%s", what);
        failed = true;
        return false;
    }
    return count > 0;
}

/// Copies both ways until both have ended; a terminal, which never ends by itself, until the peer has. False
/// when the time ran out first.
static bool relay(int fd) {
    bool sending = true;
    bool receiving = true;
    while (receiving || (sending && !isatty(0))) {
        struct pollfd wanted[] = {{receiving ? fd : -1, POLLIN, 0}, {sending ? 0 : -1, POLLIN, 0}};
        int ready = poll(wanted, 2, option.timeout_ms);
        if (ready == 0) {
            return option.udp; // for datagrams silence is the only end there is
        }
        if (ready < 0 && errno != EINTR) {
            err(1, "poll");
        }
        if (ready > 0 && wanted[0].revents != 0) {
            receiving = move_some(fd, 1, "network");
        }
        if (ready > 0 && wanted[1].revents != 0 && !move_some(0, fd, "input")) {
            sending = false;
            if (!option.udp) {
                shutdown(fd, SHUT_WR);
            }
        }
    }
    return !failed;
}

static int serve(const char* port) {
    int listener = serve_on(parse_number(port, 0, 65535, "port"), option.udp ? SOCK_DGRAM : SOCK_STREAM);
    bool fine = true;
    do {
        int fd = accept_peer(listener);
        fine = relay(fd);
        if (fd != listener) {
            close(fd);
        }
    } while (option.keep && !option.udp);
    return fine ? 0 : 1;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    const char* port = nullptr;
    for (int letter; (letter = getopt(argc, argv, "lkuvznw:p:")) != -1;) {
        option.listening |= letter == 'l';
        option.keep |= letter == 'k';
        option.udp |= letter == 'u';
        option.verbose |= letter == 'v';
        option.probe |= letter == 'z';
        if (letter == 'w') {
            option.timeout_ms = static_cast<int>(parse_number(optarg, 1, 1000000, "seconds")) * 1000;
        } else if (letter == 'p') {
            port = optarg;
        } else if (letter == '?') {
            usage_error(usage);
        }
    }
    signal(SIGPIPE, SIG_IGN); // a closed peer is an error of write() here
    if (option.listening) {
        port = port == nullptr && optind < argc ? argv[optind] : port;
        if (port == nullptr) {
            usage_error(usage);
        }
        return serve(port);
    }
    if (argc - optind != 2) {
        usage_error(usage);
    }
    int fd = open_client(argv[optind], argv[optind + 1]);
    return option.probe || relay(fd) ? 0 : 1;
}
