/* What the end of a thread or of a program's old self leaves behind: queued signals, descriptor tables shared
 * across exec, an empty argv, waits with absurd timeouts. The same on a Linux host. */
#define _GNU_SOURCE
#include "socket_test.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { threads_made = 12, signals_each = 100, futex_wait = 0 };

static int ready[2];
static int leave[2];

static void* wait_blocked(void* unused) {
    char byte;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    int ok = write(ready[1], "r", 1) == 1 && read(leave[0], &byte, 1) == 1;
    return ok ? unused : (void*)1;
}

/* Signals that a thread never took are gone with it, and so is their share of the queue. */
static void test_queued_signals(void) {
    int wrong = pipe(ready) != 0 || pipe(leave) != 0;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < threads_made && wrong == 0; i++) {
        pthread_t thread;
        char byte;
        void* result = NULL;
        wrong += pthread_create(&thread, NULL, wait_blocked, NULL) != 0 || read(ready[0], &byte, 1) != 1;
        for (int j = 0; j < signals_each; j++) {
            wrong += pthread_kill(thread, SIGRTMIN + 1) != 0;
        }
        wrong += write(leave[1], "l", 1) != 1 || pthread_join(thread, &result) != 0 || result != NULL;
    }
    CHECK("queue.threads", wrong == 0);
    siginfo_t info;
    struct timespec at_once = {0, 0};
    CHECK("queue.sigqueue", sigqueue(getpid(), SIGRTMIN + 2, (union sigval){.sival_int = 4711}) == 0);
    CHECK("queue.value_arrives",
          sigtimedwait(&set, &info, &at_once) == SIGRTMIN + 2 && info.si_value.sival_int == 4711);
}

static void ignore_alarm(int number) {
    (void)number;
}

/* A relative timeout so long that its end lies beyond what the clock can count is no timeout. */
static void test_long_wait(void) {
    struct sigaction action = {.sa_handler = ignore_alarm};
    struct itimerval soon = {.it_value = {0, 100 * 1000}};
    struct timespec longest = {18446744073, 709551615};
    int word = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK_ERROR("futex.long_wait", syscall(SYS_futex, &word, futex_wait, 0, &longest, NULL, 0), EINTR);
}

static const char* self;

/* Linux gives a program at least an argv[0], an empty one. */
static void test_empty_arguments(void) {
    fflush(stdout);
    if (fork() == 0) {
        char* none[] = {NULL};
        char* environment[] = {"FIRST=1", "SECOND=2", NULL};
        execve(self, none, environment);
        _exit(2);
    }
    int status = -1;
    wait(&status);
    CHECK("exec.empty_argv", status == 0);
}

static int is_empty_argv(int argc, char** argv) {
    return argc == 1 && argv[0][0] == 0 && getenv("FIRST") != NULL && getenv("SECOND") != NULL &&
           strcmp(getenv("SECOND"), "2") == 0;
}

static int never[2];

static void* poll_for_ever(void* unused) {
    struct pollfd waiting = {never[0], POLLIN, 0};
    for (;;) {
        poll(&waiting, 1, 1);
    }
    return unused;
}

/* A process that shares its table with its parent, and has a thread that uses it while another calls exec. */
static int exec_beside_thread(void* unused) {
    pthread_t thread;
    char* arguments[] = {"true", "exec-ok", NULL};
    pthread_create(&thread, NULL, poll_for_ever, NULL);
    usleep(20 * 1000);
    execv(self, arguments);
    (void)unused;
    _exit(3);
}

static void test_exec_of_sharer(void) {
    static char stack[65536] __attribute__((aligned(16)));
    int wrong = pipe(never) != 0;
    fflush(stdout);
    for (int i = 0; i < 10; i++) {
        int status = -1;
        pid_t child = clone(exec_beside_thread, stack + sizeof stack, CLONE_FILES | SIGCHLD, NULL);
        wrong += child < 0 || waitpid(child, &status, 0) != child || status != 0;
    }
    CHECK("exec.shared_table", wrong == 0);
    CHECK("exec.table_is_whole", write(never[1], "x", 1) == 1);
}

int main(int argc, char** argv) {
    if (getenv("FIRST") != NULL || (argc > 0 && strchr(argv[0], '=') != NULL)) {
        return is_empty_argv(argc, argv) ? 0 : 1;
    }
    if (argc == 2 && strcmp(argv[1], "exec-ok") == 0) {
        return 0;
    }
    self = argv[0];
    test_queued_signals();
    test_long_wait();
    test_empty_arguments();
    test_exec_of_sharer();
    return finish();
}
