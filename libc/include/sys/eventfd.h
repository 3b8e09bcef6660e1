#pragma once
/* A counter as a descriptor. */

#include <kernel/abi/files.h>
#include <sys/cdefs.h>

typedef uint64_t eventfd_t;

__BEGIN_DECLS

/// A counter that starts at `initial`.
int eventfd(unsigned int initial, int flags);
/// Reads and clears the counter.
int eventfd_read(int fd, eventfd_t* value);
/// Adds to the counter.
int eventfd_write(int fd, eventfd_t value);

__END_DECLS
