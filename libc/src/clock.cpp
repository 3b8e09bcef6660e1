// Clocks and sleeping: the calls of <time.h>, <sys/time.h> and <unistd.h> that ask the kernel.

#include "libc/src/internal/syscall.hpp"

#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

using libc::checked_int;

extern "C" {

int clock_gettime(clockid_t clock, struct timespec* result) {
    return checked_int(SYS_clock_gettime, clock, result);
}
int clock_settime(clockid_t clock, const struct timespec* when) {
    return checked_int(SYS_clock_settime, clock, when);
}
int clock_getres(clockid_t clock, struct timespec* result) {
    return checked_int(SYS_clock_getres, clock, result);
}
int clock_nanosleep(clockid_t clock, int flags, const struct timespec* wanted, struct timespec* left) {
    return static_cast<int>(-libc::call(SYS_clock_nanosleep, clock, flags, wanted, left));
}
int nanosleep(const struct timespec* wanted, struct timespec* left) {
    return checked_int(SYS_nanosleep, wanted, left);
}

unsigned int sleep(unsigned int seconds) {
    struct timespec rest = {seconds, 0};
    return nanosleep(&rest, &rest) == 0 ? 0 : static_cast<unsigned>(rest.tv_sec + (rest.tv_nsec > 0));
}
int usleep(useconds_t microseconds) {
    struct timespec wanted = {microseconds / 1000000, microseconds % 1000000 * 1000l};
    return nanosleep(&wanted, nullptr);
}

time_t time(time_t* result) {
    struct timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != nullptr) {
        *result = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval* result, void*) {
    struct timespec now = {};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != nullptr) {
        *result = {now.tv_sec, now.tv_nsec / 1000};
    }
    return 0;
}
int settimeofday(const struct timeval* when, const struct timezone*) {
    struct timespec wanted = {when->tv_sec, when->tv_usec * 1000};
    return clock_settime(CLOCK_REALTIME, &wanted);
}
int timespec_get(struct timespec* result, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, result) == 0 ? base : 0;
}

clock_t clock(void) {
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) < 0) {
        return -1;
    }
    return used.tv_sec * CLOCKS_PER_SEC + used.tv_nsec / 1000;
}
double difftime(time_t end, time_t start) {
    return static_cast<double>(end - start);
}

} // extern "C"
