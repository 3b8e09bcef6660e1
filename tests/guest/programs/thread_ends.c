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

static const char *self;

static int never[2];

static void *poll_for_ever(void *unused) {
    struct pollfd waiting = {never[0], POLLIN, 0};
    for (;;) {
        poll(&waiting, 1, 1);
    }
    return unused;
}

/* A process that shares its table with its parent, and has a thread that uses it while another calls exec. */
static int exec_beside_thread(void *unused) {
    pthread_t thread;
    char *arguments[] = {"true", "exec-ok", NULL};
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

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "exec-ok") == 0) {
        return 0;
    }
    self = argv[0];
    test_exec_of_sharer();
    return finish();
}
