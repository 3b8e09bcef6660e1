#pragma once
/* Reading and writing several pieces at once. */

#include <kernel/abi/iovec.h>
#include <sys/cdefs.h>
#include <sys/types.h>

__BEGIN_DECLS

/// Reads into pieces of memory.
ssize_t readv(int fd, const struct iovec* pieces, int count);
/// Writes pieces of memory.
ssize_t writev(int fd, const struct iovec* pieces, int count);
/// readv() at an offset.
ssize_t preadv(int fd, const struct iovec* pieces, int count, off_t offset);
/// writev() at an offset.
ssize_t pwritev(int fd, const struct iovec* pieces, int count, off_t offset);

__END_DECLS
