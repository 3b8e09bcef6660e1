/* A client that uses up its ports (T30). Not a test by itself.
 *
 *     ports PORT
 *
 * It connects to itself by way of loopback until connect() fails, says how often it went well and why no
 * more, and how it goes with another destination. Then it closes everything, so that the ports are in
 * TIME_WAIT, and says after how many milliseconds connect() works again, if it does. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most = 400, patience_ms = 10000, pause_ms = 50 };

static struct sockaddr_in place(int port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int listen_on(int port) {
    struct sockaddr_in address = place(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0 || listen(fd, most) != 0) {
        perror("ports");
        exit(1);
    }
    return fd;
}

/* A descriptor, or -1 with errno. */
static int connect_to(int port) {
    struct sockaddr_in address = place(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr*)&address, sizeof address) != 0) {
        const int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

int main(int argc, char** argv) {
    if (argc != 2) {
        return 2;
    }
    const int port = atoi(argv[1]);
    int listener = listen_on(port);
    listen_on(port + 1);
    int clients[most], servers[most];
    int count = 0;
    while (count < most && (clients[count] = connect_to(port)) >= 0) {
        servers[count] = accept(listener, NULL, NULL);
        count++;
    }
    printf("%d connections, then error %d\n", count, errno);
    errno = 0;
    connect_to(port + 1);
    printf("another destination: error %d\n", errno);
    for (int i = 0; i < count; i++) { /* who closes first has the TIME_WAIT */
        char end;
        close(clients[i]);
        if (read(servers[i], &end, 1) != 0) {
            return 1;
        }
        close(servers[i]);
    }
    for (int waited = 0; waited <= patience_ms; waited += pause_ms) {
        if (connect_to(port) >= 0) {
            printf("again after %d ms\n", waited);
            return 0;
        }
        const struct timespec pause = {0, pause_ms * 1000000L};
        nanosleep(&pause, NULL);
    }
    printf("never again: error %d\n", errno);
    return 0;
}
