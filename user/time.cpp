// time: runs a program and says how long it took: on the clock, in the program, and in the kernel for it.

#include "user/program.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static double seconds(const struct timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

static double now() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

int main(int argc, char** argv) {
    static const char usage[] = "usage: time COMMAND [ARGUMENT...]\n";
    answer_help(argc, argv, usage);
    if (argc < 2) {
        usage_error(usage);
    }
    double start = now();
    pid_t pid = fork();
    if (pid < 0) {
        err(1, "fork");
    }
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        err(errno == ENOENT ? 127 : 126, "%s", argv[1]);
    }
    signal(SIGINT, SIG_IGN); // ^C ends the command; we say how long it lived
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    struct rusage usage_of_children = {};
    getrusage(RUSAGE_CHILDREN, &usage_of_children);
    fprintf(stderr, "real %.3f s   user %.3f s   kernel %.3f s\n", now() - start,
            seconds(usage_of_children.ru_utime), seconds(usage_of_children.ru_stime));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
