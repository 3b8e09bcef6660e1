#pragma once
/* Times: seconds since 1970, calendars, clocks. The local time zone is UTC unless TZ says otherwise. */

#include <kernel/abi/time.h>
#include <stddef.h>
#include <sys/cdefs.h>
#include <sys/types.h>

#define CLOCKS_PER_SEC 1000000l
#define TIME_UTC 1

struct tm {
    int tm_sec;
    int tm_min;
    int tm_hour;
    int tm_mday; /* 1.. */
    int tm_mon;  /* 0.. */
    int tm_year; /* since 1900 */
    int tm_wday; /* since Sunday */
    int tm_yday; /* 0.. */
    int tm_isdst;
    long tm_gmtoff; /* seconds east of UTC */
    const char* tm_zone;
};

__BEGIN_DECLS

/// Name of the local zone and of its summer time.
extern char* tzname[2];
/// Seconds west of UTC.
extern long timezone;
/// Whether there is summer time; never.
extern int daylight;

/// Now, also in `*result` unless null.
time_t time(time_t* result);
/// Seconds between two times.
double difftime(time_t end, time_t start);
/// Processor time used, in units of 1/CLOCKS_PER_SEC.
clock_t clock(void);
/// Calendar time in UTC, in a static buffer.
struct tm* gmtime(const time_t* when);
/// The same in `*result`.
struct tm* gmtime_r(const time_t* when, struct tm* result);
/// Calendar time in the local zone, in a static buffer.
struct tm* localtime(const time_t* when);
/// The same in `*result`.
struct tm* localtime_r(const time_t* when, struct tm* result);
/// Time of a local calendar time, whose fields may be out of range and are corrected.
time_t mktime(struct tm* calendar);
/// The same in UTC.
time_t timegm(struct tm* calendar);
/// "Thu Jan  1 00:00:00 1970\n", in a static buffer.
char* asctime(const struct tm* calendar);
/// The same in a buffer of 26 bytes.
char* asctime_r(const struct tm* calendar, char* buffer);
/// asctime() of a local time.
char* ctime(const time_t* when);
/// The same in a buffer of 26 bytes.
char* ctime_r(const time_t* when, char* buffer);
/// Formats a calendar time; the length, or 0 if it does not fit.
size_t strftime(char* buffer, size_t size, const char* format, const struct tm* calendar);
/// Parses a calendar time; the place after it, or null.
char* strptime(const char* text, const char* format, struct tm* calendar);
/// Reads the time zone from TZ.
void tzset(void);
/// Reads a clock.
int clock_gettime(clockid_t clock, struct timespec* result);
/// Sets a clock.
int clock_settime(clockid_t clock, const struct timespec* when);
/// A clock's resolution.
int clock_getres(clockid_t clock, struct timespec* result);
/// Sleeps by a clock; 0 or an errno value.
int clock_nanosleep(clockid_t clock, int flags, const struct timespec* wanted, struct timespec* left);
/// Sleeps.
int nanosleep(const struct timespec* wanted, struct timespec* left);
/// Now; `base` or 0.
int timespec_get(struct timespec* result, int base);

__END_DECLS
