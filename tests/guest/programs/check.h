/* What the test programs share: a line per case, and the exit status. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int failures;

/* Prints `ok NAME` or `FAIL NAME ...` with the place and errno. */
#define CHECK(name, condition)                                                                               \
    do {                                                                                                     \
        errno = 0;                                                                                           \
        if (condition) {                                                                                     \
            printf("ok %s\n", name);                                                                         \
        } else {                                                                                             \
            printf("FAIL %s: %s (line %d, errno %d %s)\n", name, #condition, __LINE__, errno,                \
                   strerror(errno));                                                                         \
            failures++;                                                                                      \
        }                                                                                                    \
        fflush(stdout);                                                                                      \
    } while (0)

/* The call fails, and for this reason. */
#define CHECK_ERROR(name, call, reason) CHECK(name, (call) == -1 && errno == (reason))

static inline int finish(void) {
    return failures == 0 ? 0 : 1;
}
