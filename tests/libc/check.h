#pragma once
/* A condition that must hold: one line for a failure, the count at the end, status 1 if there was one. */

#include <stdio.h>

static int checks_done, checks_failed;

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        checks_done++;                                                                                       \
        if (!(condition)) {                                                                                  \
            checks_failed++;                                                                                 \
            printf("FAIL %s:%d: %s\n", __FILE__, __LINE__, #condition);                                      \
        }                                                                                                    \
    } while (0)

static inline int checks_result(const char* name) {
    printf("%s %s: %d checks, %d failed\n", checks_failed ? "FAIL" : "ok", name, checks_done, checks_failed);
    return checks_failed != 0;
}
