/* Signals and sockets: interrupted and restarted calls, SIGIO and its owner. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t alarms, ios;

static void on_signal(int number) {
    if (number == SIGALRM) {
        alarms++;
    } else {
        ios++;
    }
}

static void handle(int number, int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(number, &action, NULL);
}

static void alarm_after_ms(int ms) {
    struct itimerval timer = {.it_value = {.tv_sec = 0, .tv_usec = ms * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Runs a child that writes `text` after some time. */
static pid_t write_later(int fd, const char* text, int ms) {
    pid_t child = fork();
    if (child == 0) {
        usleep((unsigned)ms * 1000);
        _exit(write(fd, text, strlen(text)) != (ssize_t)strlen(text));
    }
    return child;
}

static void test_interrupted(void) {
    int pair[2];
    char buffer[16];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    handle(SIGALRM, 0);
    alarm_after_ms(30);
    CHECK_ERROR("interrupted.recv", recv(pair[0], buffer, 1, 0), EINTR);
    alarm_after_ms(30);
    CHECK_ERROR("interrupted.read", read(pair[0], buffer, 1), EINTR);
    struct msghdr message = {0};
    alarm_after_ms(30);
    CHECK_ERROR("interrupted.recvmsg", recvmsg(pair[0], &message, 0), EINTR);
    struct pollfd entry = {.fd = pair[0], .events = POLLIN};
    alarm_after_ms(30);
    CHECK_ERROR("interrupted.poll", poll(&entry, 1, 2000), EINTR);
    CHECK("interrupted.signals", alarms == 4);

    int listener = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)!bind(listener, (void*)&address, sizeof address);
    listen(listener, 1);
    (void)!bind(udp, (void*)&address, sizeof address);
    alarm_after_ms(30);
    CHECK_ERROR("interrupted.accept", accept(listener, NULL, NULL), EINTR);
    alarm_after_ms(30);
    CHECK_ERROR("interrupted.udp", recv(udp, buffer, 1, 0), EINTR);

    static char block[1 << 16];
    alarm_after_ms(50);
    long sent = 0, last;
    while ((last = write(pair[0], block, sizeof block)) > 0) {
        sent += last;
        if (last < (long)sizeof block) {
            break; /* the signal came in the middle: what was sent counts */
        }
    }
    CHECK("interrupted.write", sent > 0 && (last > 0 || errno == EINTR) && alarms == 7);
    close(udp);
    close(listener);
    close(pair[0]);
    close(pair[1]);
}

static void test_restarted(void) {
    int pair[2], status;
    char buffer[16];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    handle(SIGALRM, SA_RESTART);
    int before = alarms;
    pid_t child = write_later(pair[1], "data", 120);
    alarm_after_ms(30);
    CHECK("restarted.recv", recv(pair[0], buffer, sizeof buffer, 0) == 4 && alarms == before + 1);
    waitpid(child, &status, 0);

    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)!bind(listener, (void*)&address, sizeof address);
    listen(listener, 1);
    getsockname(listener, (void*)&address, &length);
    child = fork();
    if (child == 0) {
        usleep(120000);
        int client = socket(AF_INET, SOCK_STREAM, 0);
        _exit(connect(client, (void*)&address, sizeof address) != 0);
    }
    alarm_after_ms(30);
    int server = accept(listener, NULL, NULL);
    CHECK("restarted.accept", server >= 0 && alarms == before + 2);
    waitpid(child, &status, 0);
    struct timeval limit = {.tv_sec = 5, .tv_usec = 0};
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    alarm_after_ms(30);
    struct pollfd entry = {.fd = pair[0], .events = POLLIN};
    CHECK_ERROR("restarted.never_poll", poll(&entry, 1, 2000), EINTR);
    close(server);
    close(listener);
    close(pair[0]);
    close(pair[1]);
}

static void test_sigio(void) {
    int pair[2];
    char byte;
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    handle(SIGIO, SA_RESTART);
    CHECK("sigio.no_owner", fcntl(pair[0], F_GETOWN) == 0);
    CHECK("sigio.set_owner", fcntl(pair[0], F_SETOWN, getpid()) == 0 && fcntl(pair[0], F_GETOWN) == getpid());
    (void)!write(pair[1], "1", 1);
    CHECK("sigio.not_asked_for", ios == 0);
    CHECK("sigio.async", fcntl(pair[0], F_SETFL, O_ASYNC) == 0 && (fcntl(pair[0], F_GETFL) & O_ASYNC) != 0);
    (void)!write(pair[1], "2", 1);
    for (int i = 0; i < 100 && ios == 0; i++) {
        usleep(1000);
    }
    CHECK("sigio.sent", ios >= 1);
    CHECK("sigio.data", read(pair[0], &byte, 1) == 1 && read(pair[0], &byte, 1) == 1 && byte == '2');
    close(pair[0]);
    close(pair[1]);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    test_interrupted();
    test_restarted();
    test_sigio();
    return finish();
}
