/* AF_PACKET on the loopback: frames of one protocol or all, coming and going, and who may look. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* As in <linux/if_packet.h> and kernel/abi/packet.h. */
struct link_address {
    uint16_t family, protocol;
    int interface;
    uint16_t hardware_type;
    uint8_t packet_type, length, bytes[8];
};
enum { type_ip = 0x0800, type_all = 3, level_packet = 263, option_statistics = 6, outgoing = 4 };

static int sender, receiver;
static struct sockaddr_in target;

static void prepare(void) {
    socklen_t length = sizeof target;
    sender = socket(AF_INET, SOCK_DGRAM, 0);
    receiver = socket(AF_INET, SOCK_DGRAM, 0);
    target.sin_family = AF_INET;
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)!bind(receiver, (void*)&target, sizeof target);
    getsockname(receiver, (void*)&target, &length);
}

static void send_datagram(const char* text) {
    char buffer[64];
    (void)!sendto(sender, text, strlen(text), 0, (void*)&target, sizeof target);
    (void)!recv(receiver, buffer, sizeof buffer, 0);
}

/* The length of the next packet to our port, from `offset` of the frame on; 0 if none comes. */
static ssize_t next_packet(int fd, unsigned char* frame, size_t room, int offset, struct link_address* from) {
    for (int tries = 0; tries < 100; tries++) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        socklen_t length = sizeof *from;
        if (poll(&entry, 1, 500) != 1) {
            return 0;
        }
        ssize_t got = recvfrom(fd, frame, room, 0, (void*)from, &length);
        unsigned char* ip = frame + offset;
        if (got >= offset + 28 && ip[0] == 0x45 && ip[9] == 17 && memcmp(ip + 22, &target.sin_port, 2) == 0) {
            return got;
        }
    }
    return 0;
}

static int loopback_index(int fd) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    return ioctl(fd, SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : -1;
}

static void test_one_protocol(void) {
    unsigned char frame[256];
    struct link_address from, own = {.family = AF_PACKET, .protocol = htons(type_ip)};
    int fd = socket(AF_PACKET, SOCK_DGRAM, htons(type_ip));
    CHECK("protocol.socket", fd >= 0);
    own.interface = loopback_index(fd);
    CHECK("protocol.index", own.interface > 0);
    CHECK("protocol.bind", bind(fd, (void*)&own, sizeof own) == 0);
    send_datagram("hello");
    CHECK("protocol.receive", next_packet(fd, frame, sizeof frame, 0, &from) == 33);
    CHECK("protocol.payload", memcmp(frame + 28, "hello", 5) == 0);
    CHECK("protocol.source", from.family == AF_PACKET && from.protocol == htons(type_ip) &&
                                 from.interface == own.interface && from.packet_type == 0);
    CHECK("protocol.only_incoming", next_packet(fd, frame, sizeof frame, 0, &from) == 0);
    socklen_t length = sizeof own;
    CHECK("protocol.name", getsockname(fd, (void*)&own, &length) == 0 && own.protocol == htons(type_ip));
    send_datagram("a longer one");
    CHECK("protocol.truncated", recv(fd, frame, 10, MSG_TRUNC) == 40);
    CHECK_ERROR("protocol.listen", listen(fd, 1), EOPNOTSUPP);
    own.interface = 4711;
    CHECK_ERROR("protocol.no_device", bind(fd, (void*)&own, sizeof own), ENODEV);
    CHECK_ERROR("protocol.short_address", bind(fd, (void*)&own, 8), EINVAL);
    close(fd);
}

static void test_everything(void) {
    unsigned char frame[256];
    struct link_address from, own = {.family = AF_PACKET, .protocol = htons(type_all)};
    int fd = socket(AF_PACKET, SOCK_RAW, htons(type_all));
    own.interface = loopback_index(fd);
    (void)!bind(fd, (void*)&own, sizeof own);
    send_datagram("both ways");
    int seen[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        ssize_t got = next_packet(fd, frame, sizeof frame, 14, &from);
        seen[from.packet_type == outgoing] += got == 14 + 28 + 9 && frame[12] == 8 && frame[13] == 0;
    }
    CHECK("everything.outgoing", seen[1] == 1);
    CHECK("everything.incoming", seen[0] == 1);
    unsigned statistics[2] = {0, 99};
    socklen_t length = sizeof statistics;
    CHECK("everything.statistics",
          getsockopt(fd, level_packet, option_statistics, statistics, &length) == 0 && statistics[0] >= 2 &&
              statistics[1] == 0);
    for (int i = 0; i < 3000; i++) {
        send_datagram("nobody reads this");
    }
    length = sizeof statistics;
    CHECK("everything.losses",
          getsockopt(fd, level_packet, option_statistics, statistics, &length) == 0 && statistics[1] > 0);
    close(fd);
}

/* A frame of ours, complete with IP and UDP header, reaches a UDP socket. */
static void test_send(void) {
    unsigned char packet[28 + 4] = {0x45, 0, 0, 32, 0, 7, 0, 0, 64, 17, 0, 0, 127, 0,   0,   1,
                                    127,  0, 0, 1,  0, 9, 0, 0, 0,  12, 0, 0, 's', 'e', 'n', 't'};
    unsigned sum = 0;
    char buffer[16];
    for (int i = 0; i < 20; i += 2) {
        sum += (unsigned)packet[i] << 8 | packet[i + 1];
    }
    sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
    packet[10] = (unsigned char)(sum >> 8);
    packet[11] = (unsigned char)sum;
    memcpy(packet + 22, &target.sin_port, 2);
    int fd = socket(AF_PACKET, SOCK_DGRAM, 0);
    struct link_address to = {.family = AF_PACKET, .protocol = htons(type_ip), .length = 6};
    to.interface = loopback_index(fd);
    CHECK("send.sendto", sendto(fd, packet, sizeof packet, 0, (void*)&to, sizeof to) == sizeof packet);
    CHECK("send.arrives", recv(receiver, buffer, sizeof buffer, 0) == 4 && memcmp(buffer, "sent", 4) == 0);
    static char huge[70000];
    CHECK_ERROR("send.too_long", sendto(fd, huge, sizeof huge, 0, (void*)&to, sizeof to), EMSGSIZE);
    to.interface = 4711;
    CHECK_ERROR("send.no_device", sendto(fd, packet, sizeof packet, 0, (void*)&to, sizeof to), ENXIO);
    close(fd);
}

static void test_rights(void) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        _exit(setuid(1000) == 0 && socket(AF_PACKET, SOCK_RAW, htons(type_all)) == -1 && errno == EPERM ? 0
                                                                                                        : 1);
    }
    waitpid(child, &status, 0);
    CHECK("rights.only_root", status == 0);
    CHECK_ERROR("rights.stream", socket(AF_PACKET, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare();
    test_one_protocol();
    test_everything();
    test_send();
    test_rights();
    return finish();
}
