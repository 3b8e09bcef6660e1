/* What a process may do to one of another user: signal it through SIGIO or its own end, change its limits and
 * priority, look at its files through /proc. Begins as root; the same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER_USER 1000
#define FLAG_PARENT 0x8000 /* CLONE_PARENT */
#define SET_DUMPABLE 4
#define SET_SUBREAPER 36
#define ANY_CHILD 0x40000000 /* __WALL */

static volatile sig_atomic_t ios, users, children;

static void on_signal(int number) {
    ios += number == SIGIO;
    users += number == SIGUSR1;
    children += number == SIGCHLD;
}

static void handle(int number) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(number, &action, NULL);
}

static void in_child(void (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        failures = 0;
        body();
        _exit(finish());
    }
    int status = 0;
    while (waitpid(child, &status, ANY_CHILD) < 0 && errno == EINTR) {
    }
    failures += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void become_other_user(void) {
    (void)!setgid(OTHER_USER);
    (void)!setuid(OTHER_USER);
    syscall(SYS_prctl, SET_DUMPABLE, 1, 0, 0, 0); /* as if executed anew by that user */
}

/* ---- SIGIO ---- */

/* Makes `owner` the one to tell of input, as root or the other user; then the other user causes some. */
static void cause_input(pid_t owner, int as_root) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    if (as_root) {
        fcntl(pair[0], F_SETOWN, owner);
    }
    become_other_user();
    if (!as_root) {
        fcntl(pair[0], F_SETOWN, owner);
    }
    fcntl(pair[0], F_SETFL, O_ASYNC);
    (void)!write(pair[1], "x", 1);
}

static void input_to_process(void) {
    cause_input(getppid(), 0);
}
static void input_to_group(void) {
    handle(SIGIO);
    cause_input(-getpgrp(), 0);
    CHECK("sigio.own_process_of_the_group", ios > 0);
}
static void input_to_process_by_root(void) {
    cause_input(getppid(), 1);
}

static void bad_owners(void) {
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    CHECK_ERROR("setown.smallest", fcntl(pair[0], F_SETOWN, INT_MIN), EINVAL);
    pid_t gone = fork();
    if (gone == 0) {
        _exit(0);
    }
    while (waitpid(gone, NULL, 0) < 0 && errno == EINTR) {
    }
    CHECK_ERROR("setown.nobody", fcntl(pair[0], F_SETOWN, gone), ESRCH);
    CHECK("setown.unchanged", fcntl(pair[0], F_GETOWN) == 0);
    CHECK("setown.group", fcntl(pair[0], F_SETOWN, -getpgrp()) == 0);
    CHECK("setown.none", fcntl(pair[0], F_SETOWN, 0) == 0 && fcntl(pair[0], F_GETOWN) == 0);
}

static void test_sigio(void) {
    setpgid(0, 0);
    handle(SIGIO);
    in_child(input_to_process);
    CHECK("sigio.not_to_another_user", ios == 0);
    in_child(input_to_group);
    CHECK("sigio.not_to_another_user's_group", ios == 0);
    in_child(input_to_process_by_root);
    CHECK("sigio.of_who_set_the_owner", ios > 0);
    bad_owners();
}

int main(void) {
    if (getuid() != 0) {
        printf("ok permissions.needs_root\n");
        return 0;
    }
    in_child(test_sigio);
    return finish();
}
