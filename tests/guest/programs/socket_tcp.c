/* TCP over loopback, as a program sees it: opening, closing, errors, flow control, options. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t pipes_broken;

static void on_sigpipe(int signal_number) {
    (void)signal_number;
    pipes_broken++;
}

static struct sockaddr_in loopback(unsigned port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int listening(unsigned* port, int backlog) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (void*)&address, sizeof address) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, (void*)&address, &length) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* Both ends of a new connection. */
static int connected(int end[2]) {
    unsigned port;
    int listener = listening(&port, 1);
    struct sockaddr_in address = loopback(port);
    end[0] = socket(AF_INET, SOCK_STREAM, 0);
    int outcome = connect(end[0], (void*)&address, sizeof address);
    end[1] = accept(listener, NULL, NULL);
    close(listener);
    return outcome == 0 && end[1] >= 0;
}

static short readiness(int fd, int timeout_ms, short events) {
    struct pollfd entry = {.fd = fd, .events = events};
    poll(&entry, 1, timeout_ms);
    return entry.revents;
}

static int socket_error(int fd) {
    int error = -1;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error;
}

static void test_open(void) {
    unsigned port;
    int listener = listening(&port, 4), client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(port), name;
    socklen_t length = sizeof name;
    CHECK("open.listen", listener >= 0);
    CHECK_ERROR("open.send_unconnected", send(client, "x", 1, MSG_NOSIGNAL), EPIPE);
    char byte;
    CHECK_ERROR("open.recv_unconnected", recv(client, &byte, 1, 0), ENOTCONN);
    CHECK_ERROR("open.shutdown_unconnected", shutdown(client, SHUT_WR), ENOTCONN);
    CHECK_ERROR("open.no_peer", getpeername(client, (void*)&name, &length), ENOTCONN);
    CHECK_ERROR("open.short_address", connect(client, (void*)&address, 8), EINVAL);
    CHECK("open.nothing_to_accept", readiness(listener, 0, POLLIN) == 0);
    CHECK("open.connect", connect(client, (void*)&address, sizeof address) == 0);
    CHECK_ERROR("open.connect_again", connect(client, (void*)&address, sizeof address), EISCONN);
    CHECK("open.acceptable", readiness(listener, 1000, POLLIN) == POLLIN);
    int server = accept4(listener, (void*)&name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK("open.accept", server >= 0 && length == sizeof name);
    struct sockaddr_in own;
    length = sizeof own;
    CHECK("open.names_agree", getsockname(client, (void*)&own, &length) == 0 &&
                                  own.sin_port == name.sin_port &&
                                  own.sin_addr.s_addr == name.sin_addr.s_addr && own.sin_port != 0);
    length = sizeof own;
    CHECK("open.server_name", getsockname(server, (void*)&own, &length) == 0 && own.sin_port == htons(port));
    CHECK("open.flags", (fcntl(server, F_GETFL) & O_NONBLOCK) != 0 && fcntl(server, F_GETFD) == FD_CLOEXEC);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    CHECK_ERROR("open.accept_none", accept(listener, NULL, NULL), EAGAIN);
    CHECK_ERROR("open.listener_recv", recv(listener, &byte, 1, 0), ENOTCONN);
    int other = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_ERROR("open.port_in_use", bind(other, (void*)&address, sizeof address), EADDRINUSE);
    close(listener);
    CHECK_ERROR("open.refused", connect(other, (void*)&address, sizeof address), ECONNREFUSED);
    close(other);
    other = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int started = connect(other, (void*)&address, sizeof address);
    CHECK("open.refused_later", started == -1 && (errno == EINPROGRESS || errno == ECONNREFUSED));
    if (errno == EINPROGRESS) {
        CHECK("open.refused_poll", (readiness(other, 1000, POLLOUT) & (POLLERR | POLLHUP)) != 0);
        CHECK("open.refused_error", socket_error(other) == ECONNREFUSED && socket_error(other) == 0);
    }
    close(other);
    close(server);
    close(client);
}

static void test_nonblocking_connect(void) {
    unsigned port;
    int listener = listening(&port, 4), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(port);
    int outcome = connect(client, (void*)&address, sizeof address);
    CHECK("later.start", outcome == 0 || errno == EINPROGRESS);
    CHECK("later.writable", readiness(client, 2000, POLLOUT) == POLLOUT && socket_error(client) == 0);
    int server = accept(listener, NULL, NULL);
    char byte;
    CHECK_ERROR("later.empty", recv(client, &byte, 1, 0), EAGAIN);
    CHECK("later.data", send(server, "z", 1, 0) == 1 && readiness(client, 2000, POLLIN) == POLLIN &&
                            recv(client, &byte, 1, 0) == 1 && byte == 'z');
    close(server);
    close(client);
    close(listener);
}

static void test_close(void) {
    int end[2];
    char buffer[64];
    CHECK("close.connected", connected(end));
    CHECK("close.write", write(end[0], "first", 5) == 5 && write(end[0], "second", 6) == 6);
    int waiting = -1;
    CHECK("close.waitall", recv(end[1], buffer, 11, MSG_WAITALL | MSG_PEEK) == 11);
    CHECK("close.fionread", ioctl(end[1], FIONREAD, &waiting) == 0 && waiting == 11);
    CHECK("close.read",
          recv(end[1], buffer, 11, MSG_WAITALL) == 11 && memcmp(buffer, "firstsecond", 11) == 0);
    CHECK("close.half", shutdown(end[0], SHUT_WR) == 0);
    CHECK("close.end_poll",
          (readiness(end[1], 1000, POLLIN | POLLRDHUP) & (POLLIN | POLLRDHUP)) == (POLLIN | POLLRDHUP));
    CHECK("close.end", read(end[1], buffer, 64) == 0);
    CHECK_ERROR("close.write_after_shutdown", send(end[0], "x", 1, MSG_NOSIGNAL), EPIPE);
    CHECK("close.other_way", write(end[1], "still", 5) == 5 && read(end[0], buffer, 64) == 5);
    close(end[1]);
    CHECK("close.other_end", read(end[0], buffer, 64) == 0);
    close(end[0]);

    CHECK("reset.connected", connected(end));
    CHECK("reset.unread", write(end[0], "lost", 4) == 4 && readiness(end[1], 1000, POLLIN) == POLLIN);
    close(end[1]);
    CHECK("reset.poll", (readiness(end[0], 1000, POLLIN) & POLLERR) != 0);
    CHECK_ERROR("reset.read", read(end[0], buffer, 1), ECONNRESET);
    signal(SIGPIPE, on_sigpipe);
    CHECK_ERROR("reset.write", write(end[0], "x", 1), EPIPE);
    CHECK("reset.sigpipe", pipes_broken == 1);
    close(end[0]);

    connected(end);
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    CHECK("reset.linger", setsockopt(end[1], SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
    close(end[1]);
    readiness(end[0], 1000, POLLIN);
    CHECK_ERROR("reset.by_linger", read(end[0], buffer, 1), ECONNRESET);
    close(end[0]);
}

static unsigned char pattern(long at) {
    return (unsigned char)(at * 131 >> 4);
}

/* Writes `total` bytes of the pattern; 0 if all went. */
static int write_pattern(int fd, long total) {
    static unsigned char block[50000];
    for (long at = 0; at < total;) {
        long part = total - at < (long)sizeof block ? total - at : (long)sizeof block;
        for (long i = 0; i < part; i++) {
            block[i] = pattern(at + i);
        }
        for (long done = 0; done < part;) {
            ssize_t sent = write(fd, block + done, (size_t)(part - done));
            if (sent <= 0) {
                return 1;
            }
            done += sent;
        }
        at += part;
    }
    return 0;
}

static void test_transfer(void) {
    enum { total = 3 << 20 };
    static unsigned char block[30001];
    int end[2];
    connected(end);
    pid_t child = fork();
    if (child == 0) {
        close(end[1]);
        int failed = write_pattern(end[0], total);
        failed |= shutdown(end[0], SHUT_WR) != 0;
        failed |= read(end[0], block, 4) != 4;
        _exit(failed);
    }
    close(end[0]);
    usleep(50000); /* the sender fills the window meanwhile */
    long received = 0, wrong = 0;
    for (ssize_t got; (got = read(end[1], block, sizeof block)) > 0; received += got) {
        for (ssize_t i = 0; i < got; i++) {
            wrong += block[i] != pattern(received + i);
        }
    }
    CHECK("transfer.all", received == total);
    CHECK("transfer.right", wrong == 0);
    CHECK("transfer.reply", write(end[1], "done", 4) == 4);
    int status = -1;
    waitpid(child, &status, 0);
    CHECK("transfer.sender", status == 0);
    close(end[1]);
}

static void test_flow(void) {
    int end[2];
    static char block[65536];
    connected(end);
    fcntl(end[0], F_SETFL, O_NONBLOCK);
    long filled = 0, drained = 0;
    for (int tries = 0; tries < 50; tries++) {
        ssize_t sent;
        while ((sent = write(end[0], block, sizeof block)) > 0) {
            filled += sent;
        }
        if ((readiness(end[0], 20, POLLOUT) & POLLOUT) == 0) {
            break;
        }
    }
    CHECK("flow.full", errno == EAGAIN && filled > 10000 && (readiness(end[0], 0, POLLOUT) & POLLOUT) == 0);
    for (ssize_t got; drained < filled && (got = read(end[1], block, sizeof block)) > 0;) {
        drained += got;
    }
    CHECK("flow.drained", drained == filled);
    CHECK("flow.room_again", (readiness(end[0], 5000, POLLOUT) & POLLOUT) != 0);
    close(end[0]);
    close(end[1]);
}

static void test_options(void) {
    int end[2], value = 1;
    socklen_t length = sizeof value;
    connected(end);
    CHECK("options.nodelay", setsockopt(end[0], IPPROTO_TCP, TCP_NODELAY, &value, sizeof value) == 0 &&
                                 getsockopt(end[0], IPPROTO_TCP, TCP_NODELAY, &value, &length) == 0 &&
                                 value == 1);
    CHECK("options.maxseg",
          getsockopt(end[0], IPPROTO_TCP, TCP_MAXSEG, &value, &length) == 0 && value >= 500 && value < 66000);
    struct tcp_info info;
    length = sizeof info;
    CHECK("options.info",
          getsockopt(end[0], IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_state == 1);
    length = sizeof value;
    CHECK("options.keepalive",
          (value = 1, setsockopt(end[0], SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value)) == 0);
    value = 30;
    CHECK("options.keepidle", setsockopt(end[0], IPPROTO_TCP, TCP_KEEPIDLE, &value, sizeof value) == 0 &&
                                  getsockopt(end[0], IPPROTO_TCP, TCP_KEEPIDLE, &value, &length) == 0 &&
                                  value == 30);
    CHECK_ERROR("options.unknown", setsockopt(end[0], IPPROTO_TCP, 250, &value, sizeof value), ENOPROTOOPT);
    CHECK("options.protocol",
          getsockopt(end[0], SOL_SOCKET, SO_PROTOCOL, &value, &length) == 0 && value == IPPROTO_TCP);
    close(end[0]);
    close(end[1]);

    unsigned port;
    int listener = listening(&port, 4);
    struct sockaddr_in address = loopback(port);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    (void)!connect(client, (void*)&address, sizeof address);
    int server = accept(listener, NULL, NULL);
    close(server); /* this side closes first and so keeps the port in TIME_WAIT */
    char byte;
    (void)!read(client, &byte, 1);
    close(client);
    close(listener);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    value = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value);
    CHECK("options.reuse", bind(listener, (void*)&address, sizeof address) == 0 && listen(listener, 1) == 0);
    close(listener);
}

/* Many connections at once, each with its own data. */
static void test_many(void) {
    enum { many = 60 };
    unsigned port;
    int listener = listening(&port, many), client[many], server[many], right = 0, opened = 0;
    struct sockaddr_in address = loopback(port);
    for (int i = 0; i < many; i++) {
        client[i] = socket(AF_INET, SOCK_STREAM, 0);
        opened += connect(client[i], (void*)&address, sizeof address) == 0;
        char text[16];
        snprintf(text, sizeof text, "number %d", i);
        (void)!write(client[i], text, strlen(text) + 1);
    }
    CHECK("many.opened", opened == many);
    for (int i = 0; i < many; i++) {
        char text[16] = "", expected[16];
        server[i] = accept(listener, NULL, NULL);
        snprintf(expected, sizeof expected, "number %d", i);
        right += read(server[i], text, sizeof text) > 0 && strcmp(text, expected) == 0;
    }
    CHECK("many.in_order", right == many);
    for (int i = 0; i < many; i++) {
        close(client[i]);
        close(server[i]);
    }
    close(listener);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_open();
    test_nonblocking_connect();
    test_close();
    test_transfer();
    test_flow();
    test_options();
    test_many();
    return finish();
}
