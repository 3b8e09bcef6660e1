#pragma once
/* Times in microseconds and interval timers. */

#include <kernel/abi/time.h>
#include <sys/cdefs.h>
#include <sys/select.h>
#include <sys/types.h>

#define timerisset(time) ((time)->tv_sec != 0 || (time)->tv_usec != 0)
#define timerclear(time) ((time)->tv_sec = (time)->tv_usec = 0)
#define timercmp(left, right, compare)                                                                       \
    ((left)->tv_sec == (right)->tv_sec ? (left)->tv_usec compare(right)->tv_usec                             \
                                       : (left)->tv_sec compare(right)->tv_sec)
#define timeradd(left, right, result)                                                                        \
    do {                                                                                                     \
        (result)->tv_sec = (left)->tv_sec + (right)->tv_sec;                                                 \
        (result)->tv_usec = (left)->tv_usec + (right)->tv_usec;                                              \
        if ((result)->tv_usec >= 1000000) {                                                                  \
            (result)->tv_sec++;                                                                              \
            (result)->tv_usec -= 1000000;                                                                    \
        }                                                                                                    \
    } while (0)
#define timersub(left, right, result)                                                                        \
    do {                                                                                                     \
        (result)->tv_sec = (left)->tv_sec - (right)->tv_sec;                                                 \
        (result)->tv_usec = (left)->tv_usec - (right)->tv_usec;                                              \
        if ((result)->tv_usec < 0) {                                                                         \
            (result)->tv_sec--;                                                                              \
            (result)->tv_usec += 1000000;                                                                    \
        }                                                                                                    \
    } while (0)

__BEGIN_DECLS

/// The time of day; the zone is not used.
int gettimeofday(struct timeval* result, void* zone);
/// Sets the time of day.
int settimeofday(const struct timeval* when, const struct timezone* zone);
/// Reads an interval timer.
int getitimer(int which, struct itimerval* result);
/// Sets an interval timer: SIGALRM, SIGVTALRM or SIGPROF when it expires.
int setitimer(int which, const struct itimerval* wanted, struct itimerval* old);
/// Sets a file's access and modification time.
int utimes(const char* path, const struct timeval times[2]);

__END_DECLS
