#pragma once
/* Timers as descriptors. */

#include <kernel/abi/files.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define TFD_NONBLOCK O_NONBLOCK
#define TFD_CLOEXEC O_CLOEXEC
#define TFD_TIMER_ABSTIME 1

__BEGIN_DECLS

/// A timer on a clock; read() gives how often it has expired.
int timerfd_create(int clock, int flags);
/// Sets a timer.
int timerfd_settime(int fd, int flags, const struct itimerspec* wanted, struct itimerspec* old);
/// Reads what is left.
int timerfd_gettime(int fd, struct itimerspec* result);

__END_DECLS
