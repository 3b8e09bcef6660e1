/* UDP over loopback: addresses, boundaries, errors that come back, options, batches. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static struct sockaddr_in loopback(unsigned port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* A bound socket; tells its port. */
static int bound(unsigned* port) {
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (bind(fd, (void*)&address, sizeof address) != 0 || getsockname(fd, (void*)&address, &length) != 0) {
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static short readiness(int fd, int timeout_ms) {
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT};
    poll(&entry, 1, timeout_ms);
    return entry.revents;
}

static void test_names(void) {
    unsigned port;
    int first = bound(&port), second = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK("names.ephemeral", first >= 0 && port >= 1024);
    struct sockaddr_in address = loopback(port);
    CHECK_ERROR("names.in_use", bind(second, (void*)&address, sizeof address), EADDRINUSE);
    CHECK_ERROR("names.bind_twice", bind(first, (void*)&address, sizeof address), EINVAL);
    CHECK_ERROR("names.short", bind(second, (void*)&address, 8), EINVAL);
    address.sin_addr.s_addr = inet_addr("192.0.2.77");
    address.sin_port = 0;
    CHECK_ERROR("names.not_ours", bind(second, (void*)&address, sizeof address), EADDRNOTAVAIL);
    address.sin_family = 77;
    CHECK_ERROR("names.family", bind(second, (void*)&address, sizeof address), EAFNOSUPPORT);
    socklen_t length = sizeof address;
    CHECK_ERROR("names.no_peer", getpeername(second, (void*)&address, &length), ENOTCONN);
    CHECK("names.unbound", (length = sizeof address, getsockname(second, (void*)&address, &length)) == 0 &&
                               address.sin_port == 0 && address.sin_addr.s_addr == 0);
    CHECK_ERROR("names.listen", listen(second, 1), EOPNOTSUPP);
    CHECK_ERROR("names.accept", accept(second, NULL, NULL), EOPNOTSUPP);
    CHECK_ERROR("names.shutdown", shutdown(second, SHUT_WR), ENOTCONN);
    int pair[2];
    CHECK_ERROR("names.no_pairs", socketpair(AF_INET, SOCK_DGRAM, 0, pair), EOPNOTSUPP);
    close(first);
    close(second);
}

static void test_datagrams(void) {
    char buffer[64];
    unsigned port, sender_port;
    int receiver = bound(&port), sender = bound(&sender_port);
    struct sockaddr_in address = loopback(port), from;
    socklen_t length = sizeof from;
    CHECK_ERROR("datagrams.no_destination", send(sender, "x", 1, 0), EDESTADDRREQ);
    CHECK("datagrams.idle_poll", readiness(receiver, 0) == POLLOUT);
    CHECK("datagrams.send", sendto(sender, "one", 3, 0, (void*)&address, sizeof address) == 3);
    CHECK("datagrams.poll", (readiness(receiver, 1000) & POLLIN) != 0);
    int waiting = -1;
    CHECK("datagrams.fionread", ioctl(receiver, FIONREAD, &waiting) == 0 && waiting == 3);
    CHECK("datagrams.peek", recv(receiver, buffer, 64, MSG_PEEK) == 3);
    CHECK("datagrams.receive",
          recvfrom(receiver, buffer, 64, 0, (void*)&from, &length) == 3 && memcmp(buffer, "one", 3) == 0);
    CHECK("datagrams.source", length == sizeof from && ntohs(from.sin_port) == sender_port &&
                                  from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    CHECK_ERROR("datagrams.empty_queue", recv(receiver, buffer, 64, MSG_DONTWAIT), EAGAIN);
    CHECK("datagrams.empty", sendto(sender, "", 0, 0, (void*)&address, sizeof address) == 0 &&
                                 recv(receiver, buffer, 64, 0) == 0);
    sendto(sender, "truncate", 8, 0, (void*)&address, sizeof address);
    CHECK("datagrams.whole_length", recv(receiver, buffer, 3, MSG_TRUNC) == 8);
    struct iovec pieces[2] = {{buffer, 2}, {buffer + 32, 2}};
    struct msghdr message = {
        .msg_iov = pieces, .msg_iovlen = 2, .msg_name = &from, .msg_namelen = sizeof from};
    sendto(sender, "abcdefgh", 8, 0, (void*)&address, sizeof address);
    CHECK("datagrams.scattered", recvmsg(receiver, &message, 0) == 4 && message.msg_flags == MSG_TRUNC &&
                                     message.msg_namelen == sizeof from && memcmp(buffer + 32, "cd", 2) == 0);
    static char huge[65508];
    CHECK_ERROR("datagrams.too_long", sendto(sender, huge, sizeof huge, 0, (void*)&address, sizeof address),
                EMSGSIZE);
    memset(huge, 'h', sizeof huge);
    CHECK("datagrams.longest", sendto(sender, huge, 65507, 0, (void*)&address, sizeof address) == 65507);
    memset(huge, 0, sizeof huge);
    CHECK("datagrams.longest_received", recv(receiver, huge, sizeof huge, 0) == 65507 && huge[65506] == 'h');
    address.sin_port = 0;
    CHECK_ERROR("datagrams.port_zero", sendto(sender, "x", 1, 0, (void*)&address, sizeof address), EINVAL);
    struct timeval limit = {.tv_sec = 0, .tv_usec = 30000}, before, after;
    setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    gettimeofday(&before, NULL);
    CHECK_ERROR("datagrams.timeout", recv(receiver, buffer, 64, 0), EAGAIN);
    gettimeofday(&after, NULL);
    long waited = (after.tv_sec - before.tv_sec) * 1000000 + after.tv_usec - before.tv_usec;
    CHECK("datagrams.timeout_length", waited >= 29000 && waited < 3000000);
    close(receiver);
    close(sender);
}

static void test_connected(void) {
    char buffer[64];
    unsigned port, other_port;
    int receiver = bound(&port), sender = socket(AF_INET, SOCK_DGRAM, 0), other = bound(&other_port);
    struct sockaddr_in address = loopback(port), name;
    socklen_t length = sizeof name;
    CHECK("connected.connect", connect(sender, (void*)&address, sizeof address) == 0);
    CHECK("connected.peer", getpeername(sender, (void*)&name, &length) == 0 && name.sin_port == htons(port));
    length = sizeof name;
    CHECK("connected.own", getsockname(sender, (void*)&name, &length) == 0 && name.sin_port != 0 &&
                               name.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    CHECK("connected.send", send(sender, "in", 2, 0) == 2 && recv(receiver, buffer, 64, 0) == 2);
    CHECK("connected.stranger", sendto(other, "no", 2, 0, (void*)&name, sizeof name) == 2);
    CHECK("connected.reply", sendto(receiver, "yes", 3, 0, (void*)&name, sizeof name) == 3);
    CHECK("connected.filter", recv(sender, buffer, 64, 0) == 3);
    close(receiver);
    CHECK("connected.to_nobody", send(sender, "x", 1, 0) == 1);
    CHECK("connected.error_poll", (readiness(sender, 1000) & (POLLERR | POLLIN)) != 0);
    CHECK_ERROR("connected.refused", recv(sender, buffer, 64, MSG_DONTWAIT), ECONNREFUSED);
    CHECK_ERROR("connected.told_once", recv(sender, buffer, 64, MSG_DONTWAIT), EAGAIN);
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    CHECK("connected.disconnect", connect(sender, &nobody, sizeof nobody) == 0);
    CHECK_ERROR("connected.no_peer_now", send(sender, "x", 1, 0), EDESTADDRREQ);
    close(sender);
    close(other);
}

static void test_options(void) {
    unsigned port;
    int receiver = bound(&port), sender = socket(AF_INET, SOCK_DGRAM, 0), value = 17, one = 1;
    socklen_t length = sizeof value;
    struct sockaddr_in address = loopback(port);
    CHECK("options.ttl", setsockopt(sender, IPPROTO_IP, IP_TTL, &value, sizeof value) == 0 &&
                             getsockopt(sender, IPPROTO_IP, IP_TTL, &value, &length) == 0 && value == 17);
    value = 256;
    CHECK_ERROR("options.ttl_range", setsockopt(sender, IPPROTO_IP, IP_TTL, &value, sizeof value), EINVAL);
    value = 0x10;
    CHECK("options.tos", setsockopt(sender, IPPROTO_IP, IP_TOS, &value, sizeof value) == 0);
    CHECK("options.recverr", setsockopt(sender, IPPROTO_IP, IP_RECVERR, &one, sizeof one) == 0);
    CHECK_ERROR("options.unknown", setsockopt(sender, IPPROTO_IP, 250, &one, sizeof one), ENOPROTOOPT);
    CHECK("options.type",
          (length = sizeof value, getsockopt(sender, SOL_SOCKET, SO_TYPE, &value, &length)) == 0 &&
              value == SOCK_DGRAM);
    CHECK("options.protocol",
          getsockopt(sender, SOL_SOCKET, SO_PROTOCOL, &value, &length) == 0 && value == IPPROTO_UDP);
    CHECK("options.domain",
          getsockopt(sender, SOL_SOCKET, SO_DOMAIN, &value, &length) == 0 && value == AF_INET);

    CHECK("options.pktinfo", setsockopt(receiver, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) == 0);
    CHECK("options.recvttl", setsockopt(receiver, IPPROTO_IP, IP_RECVTTL, &one, sizeof one) == 0);
    sendto(sender, "info", 4, 0, (void*)&address, sizeof address);
    char buffer[64];
    union {
        struct cmsghdr header;
        char bytes[256];
    } control;
    struct iovec piece = {buffer, sizeof buffer};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    CHECK("options.receive", recvmsg(receiver, &message, 0) == 4);
    int ttl = -1, index = -1;
    for (struct cmsghdr* at = CMSG_FIRSTHDR(&message); at != NULL; at = CMSG_NXTHDR(&message, at)) {
        if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_TTL) {
            memcpy(&ttl, CMSG_DATA(at), sizeof ttl);
        }
        if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(at), sizeof info);
            index = info.ipi_addr.s_addr == htonl(INADDR_LOOPBACK) ? (int)info.ipi_ifindex : -2;
        }
    }
    CHECK("options.ttl_received", ttl == 17);
    CHECK("options.pktinfo_received", index == 1);
    message.msg_controllen = 4;
    sendto(sender, "cut", 3, 0, (void*)&address, sizeof address);
    CHECK("options.no_room", recvmsg(receiver, &message, 0) == 3 && (message.msg_flags & MSG_CTRUNC) != 0);
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_ERROR("options.not_shared", bind(other, (void*)&address, sizeof address), EADDRINUSE);
    setsockopt(receiver, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(other, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    CHECK("options.shared", bind(other, (void*)&address, sizeof address) == 0);
    close(other);
    close(sender);
    close(receiver);
}

/* A receiver that does not read loses datagrams, no more and no less than its buffer says. */
static void test_flood(void) {
    unsigned port;
    int receiver = bound(&port), sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = loopback(port);
    char block[1000];
    memset(block, 'b', sizeof block);
    int sent = 0, received = 0;
    for (int i = 0; i < 2000; i++) {
        sent += sendto(sender, block, sizeof block, 0, (void*)&address, sizeof address) == sizeof block;
    }
    readiness(receiver, 1000);
    while (recv(receiver, block, sizeof block, MSG_DONTWAIT) == sizeof block) {
        received++;
    }
    CHECK("flood.sent", sent == 2000);
    CHECK("flood.bounded", received > 10 && received < 1000);
    CHECK("flood.works_after", sendto(sender, "ok", 2, 0, (void*)&address, sizeof address) == 2 &&
                                   recv(receiver, block, sizeof block, 0) == 2);
    close(sender);
    close(receiver);
}

static void test_batches(void) {
    unsigned port;
    int receiver = bound(&port), sender = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = loopback(port);
    char buffers[4][16];
    struct iovec pieces[4];
    struct mmsghdr batch[4];
    memset(batch, 0, sizeof batch);
    for (int i = 0; i < 4; i++) {
        snprintf(buffers[i], sizeof buffers[i], "message %d", i);
        pieces[i] = (struct iovec){buffers[i], 9};
        batch[i].msg_hdr.msg_iov = &pieces[i];
        batch[i].msg_hdr.msg_iovlen = 1;
        batch[i].msg_hdr.msg_name = &address;
        batch[i].msg_hdr.msg_namelen = sizeof address;
    }
    CHECK("batches.send", sendmmsg(sender, batch, 4, 0) == 4 && batch[3].msg_len == 9);
    memset(buffers, 0, sizeof buffers);
    for (int i = 0; i < 4; i++) {
        pieces[i].iov_len = sizeof buffers[i];
        batch[i].msg_hdr.msg_name = NULL;
        batch[i].msg_hdr.msg_namelen = 0;
        batch[i].msg_len = 0;
    }
    CHECK("batches.receive", recvmmsg(receiver, batch, 4, MSG_WAITFORONE, NULL) == 4 &&
                                 batch[2].msg_len == 9 && memcmp(buffers[3], "message 3", 9) == 0);
    struct timespec limit = {.tv_sec = 0, .tv_nsec = 1000000};
    sendto(sender, "x", 1, 0, (void*)&address, sizeof address);
    usleep(5000);
    sendto(sender, "y", 1, 0, (void*)&address, sizeof address);
    CHECK("batches.some", recvmmsg(receiver, batch, 4, MSG_DONTWAIT, &limit) >= 1);
    close(sender);
    close(receiver);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_names();
    test_datagrams();
    test_connected();
    test_options();
    test_flood();
    test_batches();
    return finish();
}
