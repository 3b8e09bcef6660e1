// echoserver: sends back whatever it receives, by TCP and by UDP (RFC 862, port 7), to many clients at once.
// The smallest server around poll(): one list of sockets, the first two are the listener and the UDP socket.

#include "user/connect.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

static const char usage[] =
    "usage: echoserver [-v] [PORT]\nSends back what arrives on PORT (7), TCP and UDP.\n";

constexpr int most_clients = 128;

static char buffer[65536];
static bool verbose;

/// Below this number are services, perhaps one that answers answers: two of them would talk to each other for
/// ever (CVE-1999-0103).
constexpr int first_client_port = 1024;

static void echo_datagram(int fd) {
    struct sockaddr_in peer = {};
    struct sockaddr* address = reinterpret_cast<struct sockaddr*>(&peer);
    socklen_t size = sizeof peer;
    ssize_t count = recvfrom(fd, buffer, sizeof buffer, MSG_DONTWAIT, address, &size);
    if (count < 0 || ntohs(peer.sin_port) < first_client_port) {
        return;
    }
    if (sendto(fd, buffer, static_cast<size_t>(count), 0, address, size) < 0) {
        warn("sending a datagram");
    }
}

/// What a client may still have to get back. While there is something, nothing more is read from it: a client
/// that sends without receiving is slowed down by its own TCP window.
struct pending {
    char* data;
    size_t start, end;
};

static struct pollfd sockets[most_clients + 2];
static pending output[most_clients + 2];
static nfds_t count = 2;

static void accept_client(int listener) {
    struct sockaddr_in peer = {};
    struct sockaddr* address = reinterpret_cast<struct sockaddr*>(&peer);
    socklen_t size = sizeof peer;
    int fd = accept4(listener, address, &size, SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    if (verbose) {
        char text[32];
        printf("connection from %s\n", address_text(address, text, sizeof text));
        fflush(stdout);
    }
    sockets[count] = {fd, POLLIN, 0};
    output[count] = {nullptr, 0, 0};
    count++;
}

static void drop_client(nfds_t index) {
    close(sockets[index].fd);
    free(output[index].data);
    count--;
    sockets[index] = sockets[count];
    output[index] = output[count];
}

/// Sends what is pending; false when the client is gone.
static bool flush(nfds_t index) {
    pending& left = output[index];
    while (left.start < left.end) {
        ssize_t sent = send(sockets[index].fd, left.data + left.start, left.end - left.start, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN;
        }
        left.start += static_cast<size_t>(sent);
    }
    free(left.data);
    left = {nullptr, 0, 0};
    sockets[index].events = POLLIN;
    return true;
}

/// Receives and sends back; false when the client has ended.
static bool echo(nfds_t index) {
    if (output[index].data != nullptr) {
        return flush(index);
    }
    ssize_t received = recv(sockets[index].fd, buffer, sizeof buffer, 0);
    if (received <= 0) {
        return received < 0 && errno == EAGAIN;
    }
    ssize_t sent = send(sockets[index].fd, buffer, static_cast<size_t>(received), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
        return false;
    }
    size_t done = sent > 0 ? static_cast<size_t>(sent) : 0;
    size_t left = static_cast<size_t>(received) - done;
    if (left > 0) {
        char* copy = static_cast<char*>(malloc(left));
        if (copy == nullptr) {
            return false;
        }
        memcpy(copy, buffer + done, left);
        output[index] = {copy, 0, left};
        sockets[index].events = POLLOUT;
    }
    return true;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    int next = 1;
    if (next < argc && strcmp(argv[next], "-v") == 0) {
        verbose = true;
        next++;
    }
    long port = next < argc ? parse_number(argv[next], 1, 65535, "port") : 7;
    signal(SIGPIPE, SIG_IGN);
    sockets[0] = {serve_on(port, SOCK_STREAM), POLLIN, 0};
    sockets[1] = {serve_on(port, SOCK_DGRAM), POLLIN, 0};
    for (;;) {
        if (poll(sockets, count, -1) < 0 && errno != EINTR) {
            err(1, "poll");
        }
        for (nfds_t i = count; i-- > 2;) { // backwards: dropping moves the last one here
            if (sockets[i].revents != 0 && !echo(i)) {
                drop_client(i);
            }
        }
        if (sockets[1].revents != 0) {
            echo_datagram(sockets[1].fd);
        }
        if (sockets[0].revents != 0 && count < most_clients + 2) {
            accept_client(sockets[0].fd);
        }
    }
}
