#pragma once
/* Waiting for descriptors. */

#include <kernel/abi/files.h>
#include <kernel/abi/signal.h>
#include <sys/cdefs.h>

typedef unsigned long nfds_t;

#define INFTIM (-1)

__BEGIN_DECLS

/// Waits until a descriptor is ready; how many are. A negative timeout waits forever.
int poll(struct pollfd* descriptors, nfds_t count, int timeout_ms);
/// The same with a signal mask for the time of the wait.
int ppoll(struct pollfd* descriptors, nfds_t count, const struct timespec* timeout, const sigset_t* mask);

__END_DECLS
