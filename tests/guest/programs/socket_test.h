/* What the socket test programs share: one line per case, and a count of failures. Plain POSIX, so that the
 * same programs run on a Linux host and prove that they ask for Linux's behaviour. */
#pragma once

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int failures;

/* One case: `ok NAME`, or `FAIL NAME` with what was expected. */
#define CHECK(name, condition)                                                                               \
    do {                                                                                                     \
        if (condition) {                                                                                     \
            printf("ok %s\n", name);                                                                         \
        } else {                                                                                             \
            printf("FAIL %s: not (%s), errno %d, line %d\n", name, #condition, errno, __LINE__);             \
            failures++;                                                                                      \
        }                                                                                                    \
    } while (0)

/* A call that must fail with this errno. */
#define CHECK_ERROR(name, call, expected)                                                                    \
    do {                                                                                                     \
        errno = 0;                                                                                           \
        long returned = (long)(call);                                                                        \
        int seen = errno;                                                                                    \
        if (returned == -1 && seen == (expected)) {                                                          \
            printf("ok %s\n", name);                                                                         \
        } else {                                                                                             \
            printf("FAIL %s: %ld errno %d, expected -1 errno %d (%s), line %d\n", name, returned, seen,      \
                   expected, strerror(expected), __LINE__);                                                  \
            failures++;                                                                                      \
        }                                                                                                    \
    } while (0)

static inline int finish(void) {
    fflush(stdout);
    return failures == 0 ? 0 : 1;
}
