#pragma once
/* utime(): a file's times in seconds. */

#include <sys/types.h>

struct utimbuf {
    time_t actime;
    time_t modtime;
};

__BEGIN_DECLS

/// Sets access and modification time; null means now.
int utime(const char* path, const struct utimbuf* times);

__END_DECLS
