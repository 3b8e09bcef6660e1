#pragma once
/* Waiting for descriptors below FD_SETSIZE. */

#include <kernel/abi/files.h>
#include <kernel/abi/signal.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define NFDBITS 64
#define FD_ZERO(set) __builtin_memset((set), 0, sizeof(fd_set))
#define FD_SET(fd, set) ((void)((set)->fds_bits[(fd) / NFDBITS] |= 1ul << ((fd) % NFDBITS)))
#define FD_CLR(fd, set) ((void)((set)->fds_bits[(fd) / NFDBITS] &= ~(1ul << ((fd) % NFDBITS))))
#define FD_ISSET(fd, set) (((set)->fds_bits[(fd) / NFDBITS] >> ((fd) % NFDBITS) & 1) != 0)

typedef unsigned long fd_mask;

__BEGIN_DECLS

/// Waits until a descriptor of a set is ready; how many are. The sets and `timeout` are changed.
int select(int count, fd_set* readable, fd_set* writable, fd_set* exceptional, struct timeval* timeout);
/// The same with a signal mask for the time of the wait.
int pselect(int count, fd_set* readable, fd_set* writable, fd_set* exceptional,
            const struct timespec* timeout, const sigset_t* mask);

__END_DECLS
