/* Clocks and sleeps. Plain POSIX: the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void test_monotonic(void) {
    int64_t last = now_ns(CLOCK_MONOTONIC);
    int backwards = 0;
    for (int i = 0; i < 20000; i++) {
        int64_t next = now_ns(CLOCK_MONOTONIC);
        backwards += next < last;
        last = next;
    }
    CHECK("clock.monotonic", backwards == 0);
    struct timeval day;
    gettimeofday(&day, NULL);
    int64_t wall = now_ns(CLOCK_REALTIME) / 1000000000;
    CHECK("clock.realtime_agrees",
          wall - day.tv_sec <= 1 && time(NULL) - day.tv_sec <= 1 && day.tv_sec > 1600000000);
    struct timespec resolution;
    CHECK("clock.resolution", clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_sec == 0 &&
                                  resolution.tv_nsec >= 1);
}

static void test_sleep(void) {
    int64_t start = now_ns(CLOCK_MONOTONIC);
    struct timespec span = {0, 30000000};
    CHECK("nanosleep.returns", nanosleep(&span, NULL) == 0);
    CHECK("nanosleep.not_too_early", now_ns(CLOCK_MONOTONIC) - start >= 30000000);
    struct timespec until;
    start = now_ns(CLOCK_MONOTONIC) + 20000000;
    until.tv_sec = start / 1000000000;
    until.tv_nsec = start % 1000000000;
    CHECK("clock_nanosleep.absolute", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0 &&
                                          now_ns(CLOCK_MONOTONIC) >= start);
    CHECK("clock_nanosleep.past", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    CHECK("clock_nanosleep.EINVAL", clock_nanosleep(99, 0, &span, NULL) == EINVAL);
    start = now_ns(CLOCK_MONOTONIC);
    CHECK("poll.timeout", poll(NULL, 0, 20) == 0 && now_ns(CLOCK_MONOTONIC) - start >= 20000000);
    struct timeval short_time = {0, 20000};
    start = now_ns(CLOCK_MONOTONIC);
    CHECK("select.timeout",
          select(0, NULL, NULL, NULL, &short_time) == 0 && now_ns(CLOCK_MONOTONIC) - start >= 20000000);
}

static void spin_ms(int ms) {
    int64_t end = now_ns(CLOCK_MONOTONIC) + ms * INT64_C(1000000);
    while (now_ns(CLOCK_MONOTONIC) < end) {
    }
}

static void test_cpu_time(void) {
    int64_t before = now_ns(CLOCK_PROCESS_CPUTIME_ID), thread_before = now_ns(CLOCK_THREAD_CPUTIME_ID);
    struct timespec span = {0, 50000000};
    nanosleep(&span, NULL);
    CHECK("cputime.sleep_is_free", now_ns(CLOCK_PROCESS_CPUTIME_ID) - before < 40000000);
    spin_ms(20);
    CHECK("cputime.counts", now_ns(CLOCK_PROCESS_CPUTIME_ID) - before >= 1000000 &&
                                now_ns(CLOCK_THREAD_CPUTIME_ID) - thread_before >= 1000000);
    pid_t child = fork();
    if (child == 0) {
        spin_ms(30);
        _exit(0);
    }
    struct rusage usage;
    wait4(child, NULL, 0, &usage);
    long used_us = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    CHECK("cputime.child", used_us >= 1000 && usage.ru_utime.tv_sec == 0);
    struct rusage children;
    getrusage(RUSAGE_CHILDREN, &children);
    CHECK("cputime.children_sum", children.ru_utime.tv_usec + children.ru_stime.tv_usec >= used_us);
    struct tms ticks;
    CHECK("times", times(&ticks) != (clock_t)-1 && ticks.tms_cutime + ticks.tms_cstime >= 0);
}

/* Processes that compete get about the same, and one that sleeps is not starved by one that spins. */
static void test_fairness(void) {
    int back[2];
    if (pipe(back) != 0) {
        exit(2);
    }
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            int64_t end = now_ns(CLOCK_MONOTONIC) + 300000000;
            while (now_ns(CLOCK_MONOTONIC) < end) {
            }
            int64_t used = now_ns(CLOCK_PROCESS_CPUTIME_ID);
            _exit(write(back[1], &used, sizeof used) == sizeof used ? 0 : 1);
        }
    }
    int64_t worst = 0;
    for (int i = 0; i < 10; i++) {
        struct timespec span = {0, 5000000};
        int64_t start = now_ns(CLOCK_MONOTONIC);
        nanosleep(&span, NULL);
        int64_t late = now_ns(CLOCK_MONOTONIC) - start - 5000000;
        worst = late > worst ? late : worst;
    }
    int64_t least = INT64_MAX, most = 0, used;
    for (int i = 0; i < 3; i++) {
        if (read(back[0], &used, sizeof used) == sizeof used) {
            least = used < least ? used : least;
            most = used > most ? used : most;
        }
        waitpid(children[i], NULL, 0);
    }
    CHECK("fair.shares", least * 4 > most);
    CHECK("fair.sleeper_wakes", worst < 100000000);
    close(back[0]);
    close(back[1]);
}

static void test_priority(void) {
    CHECK("priority.set", setpriority(PRIO_PROCESS, 0, 5) == 0 && getpriority(PRIO_PROCESS, 0) == 5);
    CHECK("priority.bounded", setpriority(PRIO_PROCESS, 0, 100) == 0 && getpriority(PRIO_PROCESS, 0) == 19);
    CHECK_ERROR("priority.EINVAL", setpriority(9, 0, 0), EINVAL);
    CHECK_ERROR("priority.ESRCH", setpriority(PRIO_PROCESS, 30000, 0), ESRCH);
}

int main(void) {
    test_monotonic();
    test_sleep();
    test_cpu_time();
    test_fairness();
    test_priority();
    return finish();
}
