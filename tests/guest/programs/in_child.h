/* A part of a test in a process of its own, which may give up rights, or be ended, and leaves nothing behind.
 * For after socket_test.h. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __WALL
#    define __WALL 0x40000000
#endif

/* Its failures count as one of ours. It is waited for whatever signal tells of its end, and over handlers. */
static void in_child(void (*body)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        failures = 0;
        body();
        _exit(finish());
    }
    int status = 0;
    while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
    }
    failures += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}
