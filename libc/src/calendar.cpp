// Calendar times: seconds since 1970 to year, month, day and back.
//
// Days are counted in the proleptic Gregorian calendar with years that begin in March, so that the leap day
// is the last of its year and months follow the pattern 31 30 31 30 31 (153 days in five months). The local
// zone is UTC, or the fixed offset TZ gives ("CET-1", "EST5"); there are no rules for summer time.

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

extern "C" {

char* tzname[2] = {const_cast<char*>("UTC"), const_cast<char*>("UTC")};
long timezone;
int daylight;

} // extern "C"

namespace {

constexpr long day_seconds = 86400;
constexpr long era_days = 146097;    // 400 years
constexpr long march_epoch = 719468; // days from 0000-03-01 to 1970-01-01

long floor_divide(long value, long by) {
    return value / by - (value % by < 0);
}

bool is_leap(long year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/// Days from 1970-01-01 to a date; `month` 0 to 11.
long days_from_date(long year, long month, long day) {
    if (month < 2) {
        year--;
        month += 12;
    }
    long era = floor_divide(year, 400);
    long year_of_era = year - era * 400;
    long day_of_year = (153 * (month - 2) + 2) / 5 + day - 1;
    long day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * era_days + day_of_era - march_epoch;
}

void set_date(long days, struct tm* result) {
    long shifted = days + march_epoch;
    long era = floor_divide(shifted, era_days);
    long day_of_era = shifted - era * era_days;
    long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long month = (5 * day_of_year + 2) / 153; // since March
    long year = year_of_era + era * 400 + (month >= 10);
    result->tm_mday = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
    result->tm_mon = static_cast<int>(month < 10 ? month + 2 : month - 10);
    result->tm_year = static_cast<int>(year - 1900);
    result->tm_yday = static_cast<int>(month < 10 ? day_of_year + 59 + is_leap(year) : day_of_year - 306);
    result->tm_wday = static_cast<int>((days % 7 + 11) % 7); // 1970-01-01 was a Thursday
}

struct tm* to_calendar(time_t when, struct tm* result) {
    long days = floor_divide(when, day_seconds);
    if (days > INT_MAX * 365l || days < INT_MIN * 365l) {
        errno = EOVERFLOW;
        return nullptr;
    }
    long second = when - days * day_seconds;
    set_date(days, result);
    result->tm_hour = static_cast<int>(second / 3600);
    result->tm_min = static_cast<int>(second / 60 % 60);
    result->tm_sec = static_cast<int>(second % 60);
    result->tm_isdst = 0;
    result->tm_gmtoff = 0;
    result->tm_zone = "UTC";
    return result;
}

time_t from_calendar(const struct tm* calendar) {
    long months = calendar->tm_mon + 12l * calendar->tm_year;
    long year = floor_divide(months, 12) + 1900;
    long days = days_from_date(year, months - floor_divide(months, 12) * 12, calendar->tm_mday);
    return days * day_seconds + calendar->tm_hour * 3600l + calendar->tm_min * 60l + calendar->tm_sec;
}

} // namespace

extern "C" {

void tzset(void) {
    static char name[8] = "UTC";
    const char* zone = getenv("TZ");
    strcpy(name, "UTC");
    timezone = 0;
    if (zone != nullptr && *zone != '\0' && *zone != ':') {
        size_t length = strcspn(zone, "+-0123456789,");
        int hours = 0, minutes = 0;
        const char* offset = zone + length;
        bool negative = *offset == '-';
        if (length >= 3 && length < sizeof name &&
            sscanf(offset + (*offset == '-' || *offset == '+'), "%d:%d", &hours, &minutes) > 0) {
            memcpy(name, zone, length);
            name[length] = '\0';
            timezone = (hours * 3600l + minutes * 60l) * (negative ? -1 : 1);
        }
    }
    tzname[0] = tzname[1] = name;
}

struct tm* gmtime_r(const time_t* when, struct tm* result) {
    return to_calendar(*when, result);
}

struct tm* localtime_r(const time_t* when, struct tm* result) {
    tzset();
    if (to_calendar(*when - timezone, result) == nullptr) {
        return nullptr;
    }
    result->tm_gmtoff = -timezone;
    result->tm_zone = tzname[0];
    return result;
}

struct tm* gmtime(const time_t* when) {
    static struct tm result;
    return gmtime_r(when, &result);
}

struct tm* localtime(const time_t* when) {
    static struct tm result;
    return localtime_r(when, &result);
}

time_t timegm(struct tm* calendar) {
    time_t when = from_calendar(calendar);
    to_calendar(when, calendar);
    return when;
}

time_t mktime(struct tm* calendar) {
    tzset();
    time_t when = from_calendar(calendar) + timezone;
    localtime_r(&when, calendar);
    return when;
}

char* asctime_r(const struct tm* calendar, char* buffer) {
    static constexpr char days[] = "SunMonTueWedThuFriSat";
    static constexpr char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    bool sane =
        calendar->tm_wday >= 0 && calendar->tm_wday < 7 && calendar->tm_mon >= 0 && calendar->tm_mon < 12;
    int length =
        snprintf(buffer, 26, "%.3s %.3s%3d %.2d:%.2d:%.2d %d\n", sane ? days + 3 * calendar->tm_wday : "???",
                 sane ? months + 3 * calendar->tm_mon : "???", calendar->tm_mday, calendar->tm_hour,
                 calendar->tm_min, calendar->tm_sec, 1900 + calendar->tm_year);
    if (length >= 26) {
        errno = EOVERFLOW;
        return nullptr;
    }
    return buffer;
}

char* asctime(const struct tm* calendar) {
    static char buffer[26];
    return asctime_r(calendar, buffer);
}

char* ctime_r(const time_t* when, char* buffer) {
    struct tm calendar;
    return localtime_r(when, &calendar) != nullptr ? asctime_r(&calendar, buffer) : nullptr;
}

char* ctime(const time_t* when) {
    struct tm* calendar = localtime(when);
    return calendar != nullptr ? asctime(calendar) : nullptr;
}

} // extern "C"
