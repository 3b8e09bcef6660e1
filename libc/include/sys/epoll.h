#pragma once
/* Waiting for many descriptors. */

#include <kernel/abi/files.h>
#include <kernel/abi/signal.h>
#include <sys/cdefs.h>

__BEGIN_DECLS

/// An empty interest list.
int epoll_create(int size);
/// The same with EPOLL_CLOEXEC.
int epoll_create1(int flags);
/// Adds, changes or removes a descriptor.
int epoll_ctl(int list, int operation, int fd, struct epoll_event* event);
/// Waits for events; how many were stored.
int epoll_wait(int list, struct epoll_event* events, int count, int timeout_ms);
/// The same with a signal mask for the time of the wait.
int epoll_pwait(int list, struct epoll_event* events, int count, int timeout_ms, const sigset_t* mask);

__END_DECLS
