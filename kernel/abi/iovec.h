#pragma once
/* One piece of memory in a scattered read or write. */

#include <stddef.h>

struct iovec {
    void* iov_base;
    size_t iov_len;
};

#define UIO_MAXIOV 1024 /* most pieces in one call */
