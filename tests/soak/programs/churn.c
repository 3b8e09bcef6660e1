// churn ADDRESS PORT COUNT: opens a connection to an echo server, sends some bytes, compares what comes back,
// closes; COUNT times. Ends with 0 when every one was good.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int exchange(int fd, long number) {
    char sent[32];
    char got[sizeof sent];
    memset(sent, 0, sizeof sent);
    snprintf(sent, sizeof sent, "connection %ld", number);
    if (send(fd, sent, sizeof sent, 0) != sizeof sent) {
        return -1;
    }
    if (recv(fd, got, sizeof got, MSG_WAITALL) != sizeof got || memcmp(sent, got, sizeof got) != 0) {
        return -1;
    }
    return 0;
}

static int connect_once(const struct sockaddr_in* server, long number) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        return -1;
    }
    int result = connect(fd, (const struct sockaddr*)server, sizeof *server);
    if (result == 0) {
        result = exchange(fd, number);
    }
    int why = errno;
    close(fd);
    errno = why;
    return result;
}

int main(int argc, char** argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: churn ADDRESS PORT COUNT\n");
        return 2;
    }
    struct sockaddr_in server;
    memset(&server, 0, sizeof server);
    server.sin_family = AF_INET;
    server.sin_addr.s_addr = inet_addr(argv[1]);
    server.sin_port = htons((unsigned short)atoi(argv[2]));
    long count = atol(argv[3]);
    long failed = 0;
    for (long i = 0; i < count; i++) {
        if (connect_once(&server, i) != 0) {
            if (failed++ < 10) {
                printf("connection %ld: %s\n", i, strerror(errno));
            }
        }
    }
    printf("%ld connections, %ld failed\n", count, failed);
    return failed != 0;
}
