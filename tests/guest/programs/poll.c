/* poll and select on pipes: readiness, timeouts, descriptors that are none. */
#include "check.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_poll(void) {
    int ends[2];
    char byte;
    pipe(ends);
    struct pollfd both[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    CHECK("writable", poll(both, 2, 0) == 1 && both[0].revents == 0 && both[1].revents == POLLOUT);
    long start = now_ms();
    CHECK("timeout", poll(both, 1, 100) == 0 && now_ms() - start >= 99 && now_ms() - start < 2000);
    write(ends[1], "x", 1);
    CHECK("readable", poll(both, 1, -1) == 1 && both[0].revents == POLLIN);
    read(ends[0], &byte, 1);
    close(ends[1]);
    CHECK("hang_up", poll(both, 1, -1) == 1 && (both[0].revents & POLLHUP) != 0);
    CHECK("invalid", poll(both + 1, 1, -1) == 1 && both[1].revents == POLLNVAL);
    both[1].fd = -1;
    CHECK("negative_is_skipped", poll(both + 1, 1, 0) == 0 && both[1].revents == 0);
    CHECK("no_descriptors", poll(NULL, 0, 1) == 0);
    struct pollfd* volatile nowhere = (struct pollfd*)8;
    CHECK_ERROR("bad_pointer", poll(nowhere, 1, 0), EFAULT);
    volatile nfds_t many = 100000;
    CHECK_ERROR("too_many", poll(both, many, 0), EINVAL);
    close(ends[0]);
    pipe(ends);
    close(ends[0]);
    struct pollfd writer = {ends[1], POLLOUT, 0};
    CHECK("reader_gone", poll(&writer, 1, -1) == 1 && (writer.revents & POLLERR) != 0);
    close(ends[1]);
}

/* A sleeping poll is woken by what another process does. */
static void test_wake(void) {
    int ends[2], back[2];
    char byte;
    pipe(ends), pipe(back);
    fflush(stdout);
    if (fork() == 0) {
        struct pollfd waiting = {ends[0], POLLIN, 0};
        write(back[1], "r", 1);
        int woken = poll(&waiting, 1, 10000) == 1 && waiting.revents == POLLIN;
        _exit(woken ? 0 : 1);
    }
    read(back[0], &byte, 1);
    usleep(20000); /* Most likely asleep by now; if not, the test is weaker, not wrong. */
    long start = now_ms();
    write(ends[1], "w", 1);
    int status;
    wait(&status);
    CHECK("woken", status == 0 && now_ms() - start < 5000);
    close(ends[0]), close(ends[1]), close(back[0]), close(back[1]);
}

static void test_many(void) {
    enum { count = 100 };
    struct pollfd all[count];
    int ends[count][2];
    for (int i = 0; i < count; i++) {
        pipe(ends[i]);
        all[i] = (struct pollfd){ends[i][0], POLLIN, 0};
    }
    CHECK("many_none", poll(all, count, 10) == 0);
    write(ends[77][1], "x", 1), write(ends[99][1], "x", 1);
    CHECK("many_two", poll(all, count, -1) == 2 && all[77].revents == POLLIN && all[99].revents == POLLIN);
    for (int i = 0; i < count; i++) {
        close(ends[i][0]), close(ends[i][1]);
    }
}

static void test_select(void) {
    int ends[2];
    pipe(ends);
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(ends[0], &readable);
    FD_SET(ends[1], &writable);
    CHECK("select", select(ends[1] + 1, &readable, &writable, NULL, NULL) == 1 &&
                        !FD_ISSET(ends[0], &readable) && FD_ISSET(ends[1], &writable));
    struct timeval timeout = {0, 50000};
    FD_ZERO(&readable);
    FD_SET(ends[0], &readable);
    long start = now_ms();
    CHECK("select_timeout",
          select(ends[0] + 1, &readable, NULL, NULL, &timeout) == 0 && now_ms() - start >= 49);
    CHECK("select_clears", !FD_ISSET(ends[0], &readable));
    /* Seconds that the microseconds carry beyond what the number can say. */
    timeout = (struct timeval){LONG_MAX, LONG_MAX};
    FD_SET(ends[0], &readable);
    write(ends[1], "x", 1);
    CHECK("select_for_ages", select(ends[0] + 1, &readable, NULL, NULL, &timeout) == 1);
    close(ends[0]), close(ends[1]);
    FD_ZERO(&readable);
    FD_SET(ends[0], &readable);
    timeout = (struct timeval){0, 0};
    CHECK_ERROR("select_bad_descriptor", select(ends[0] + 1, &readable, NULL, NULL, &timeout), EBADF);
    CHECK_ERROR("select_negative", select(-1, NULL, NULL, NULL, &timeout), EINVAL);
}

static void handle(int number) {
    (void)number;
}

static void test_interrupted(void) {
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    CHECK_ERROR("poll_interrupted", poll(NULL, 0, 10000), EINTR);
}

int main(void) {
    test_poll();
    test_wake();
    test_many();
    test_select();
    test_interrupted();
    return finish();
}
