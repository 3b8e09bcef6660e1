/* A server for the attacks of tests/attack: accepts whatever comes on a port and keeps it. Not a test by
 * itself.
 *
 *     hold PORT BACKLOG BYTES [USER_TIMEOUT_MS]
 *
 * BYTES are written to each connection, as far as its send buffer takes them; PORT's backlog is BACKLOG, and
 * with BYTES below 0 nothing is ever accepted. It prints "holding", and closes everything at SIGTERM. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t over;

static void stop(int signal_number) {
    (void)signal_number;
    over = 1;
}

static void fill(int fd, long bytes, int user_timeout_ms) {
    static char block[4096];
    if (user_timeout_ms != 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (bytes > 0) {
        ssize_t count = write(fd, block, (size_t)(bytes < (long)sizeof block ? bytes : (long)sizeof block));
        if (count <= 0) {
            break;
        }
        bytes -= count;
    }
}

int main(int argc, char** argv) {
    if (argc < 4) {
        return 2;
    }
    const long bytes = atol(argv[3]);
    const int user_timeout_ms = argc > 4 ? atoi(argv[4]) : 0;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop; /* without SA_RESTART: accept() ends */
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 ||
        listen(listener, atoi(argv[2])) != 0) {
        perror("hold");
        return 1;
    }
    puts("holding");
    fflush(stdout);
    while (!over) {
        if (bytes < 0) {
            pause();
            continue;
        }
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0) {
            fill(fd, bytes, user_timeout_ms);
        } else if (errno != EINTR) {
            sleep(1); /* out of descriptors */
        }
    }
    return 0;
}
