/* A program that floods its own machine by way of loopback (T33). Not a test by itself.
 *
 *     flood_self DATAGRAMS
 *
 * sends that many, as large as they may be, to port 9 of 127.0.0.1. One sender would be stopped by its send
 * buffer, so there are many. It prints how many datagrams the kernel took, and how far the figure in
 * /proc/meminfo for packets has grown meanwhile, at most. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { senders = 200 };

static char payload[65507];

static unsigned long packet_bytes(void) {
    static char text[4096];
    int fd = open("/proc/meminfo", O_RDONLY);
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    text[count > 0 ? count : 0] = 0;
    const char* line = strstr(text, "Tag:skb ");
    return line == NULL ? 0 : strtoul(line + strlen("Tag:skb "), NULL, 10);
}

int main(int argc, char** argv) {
    if (argc != 2) {
        return 2;
    }
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(9);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fds[senders];
    for (int i = 0; i < senders; i++) {
        fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
    }
    const long datagrams = atol(argv[1]);
    long taken = 0;
    const unsigned long before = packet_bytes();
    unsigned long most = before;
    for (long i = 0; i < datagrams; i++) {
        taken += sendto(fds[i % senders], payload, sizeof payload, MSG_DONTWAIT, (struct sockaddr*)&address,
                        sizeof address) > 0;
        const unsigned long now = packet_bytes();
        most = now > most ? now : most;
    }
    printf("%ld taken, at most %lu bytes of packets\n", taken, most - before);
    return 0;
}
