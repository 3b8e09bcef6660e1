// Calendar times to text and back: strftime() and strptime() in the "C" locale.

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

namespace {

constexpr const char* day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};
constexpr const char* month_names[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};

/// A name, "?" when the number is none.
template <int count>
const char* name_of(const char* const (&names)[count], int number) {
    return number >= 0 && number < count ? names[number] : "?";
}

bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

struct iso_week {
    int year;
    int week;
};

/// ISO 8601: weeks begin on Monday; week 1 is the one with the year's first Thursday.
iso_week week_of(const struct tm& calendar) {
    int since_monday = (calendar.tm_wday + 6) % 7;
    int year = calendar.tm_year + 1900;
    int week = (calendar.tm_yday - since_monday + 10) / 7;
    if (week < 1) {
        year--;
        int day = calendar.tm_yday + (is_leap(year) ? 366 : 365);
        week = (day - since_monday + 10) / 7;
    } else if (week == 53) {
        int left = (is_leap(year) ? 366 : 365) - calendar.tm_yday; // days left with this one
        if (left <= 3 - since_monday) {
            year++;
            week = 1;
        }
    }
    return {year, week};
}

int twelve_hours(int hour) {
    return hour % 12 == 0 ? 12 : hour % 12;
}

const char* expand(char letter) {
    switch (letter) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'R':
        return "%H:%M";
    case 'r':
        return "%I:%M:%S %p";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    case '+':
        return "%a %b %e %H:%M:%S %Z %Y";
    default:
        return nullptr;
    }
}

/// One simple conversion into `piece` (64 bytes); false for an unknown letter.
bool convert(char letter, const struct tm& calendar, char* piece) {
    constexpr size_t size = 64;
    int year = calendar.tm_year + 1900;
    auto number = [&](const char* format, long value) {
        snprintf(piece, size, format, value);
        return true;
    };
    auto word = [&](const char* format, const char* text) {
        snprintf(piece, size, format, text);
        return true;
    };
    switch (letter) {
    case 'a':
        return word("%.3s", name_of(day_names, calendar.tm_wday));
    case 'A':
        return word("%s", name_of(day_names, calendar.tm_wday));
    case 'b':
    case 'h':
        return word("%.3s", name_of(month_names, calendar.tm_mon));
    case 'B':
        return word("%s", name_of(month_names, calendar.tm_mon));
    case 'C':
        return number("%02ld", (year - (year % 100 + 100) % 100) / 100);
    case 'd':
        return number("%02ld", calendar.tm_mday);
    case 'e':
        return number("%2ld", calendar.tm_mday);
    case 'g':
        return number("%02ld", week_of(calendar).year % 100);
    case 'G':
        return number("%ld", week_of(calendar).year);
    case 'H':
        return number("%02ld", calendar.tm_hour);
    case 'I':
        return number("%02ld", twelve_hours(calendar.tm_hour));
    case 'j':
        return number("%03ld", calendar.tm_yday + 1);
    case 'k':
        return number("%2ld", calendar.tm_hour);
    case 'l':
        return number("%2ld", twelve_hours(calendar.tm_hour));
    case 'm':
        return number("%02ld", calendar.tm_mon + 1);
    case 'M':
        return number("%02ld", calendar.tm_min);
    case 'n':
        return word("%s", "\n");
    case 'p':
        return word("%s", calendar.tm_hour < 12 ? "AM" : "PM");
    case 'P':
        return word("%s", calendar.tm_hour < 12 ? "am" : "pm");
    case 's': {
        struct tm copy = calendar;
        return number("%ld", mktime(&copy));
    }
    case 'S':
        return number("%02ld", calendar.tm_sec);
    case 't':
        return word("%s", "\t");
    case 'u':
        return number("%ld", calendar.tm_wday == 0 ? 7 : calendar.tm_wday);
    case 'U':
        return number("%02ld", (calendar.tm_yday + 7 - calendar.tm_wday) / 7);
    case 'V':
        return number("%02ld", week_of(calendar).week);
    case 'w':
        return number("%ld", calendar.tm_wday);
    case 'W':
        return number("%02ld", (calendar.tm_yday + 7 - (calendar.tm_wday + 6) % 7) / 7);
    case 'y':
        return number("%02ld", (year % 100 + 100) % 100);
    case 'Y':
        return number("%ld", year);
    case 'z': {
        long minutes = labs(calendar.tm_gmtoff) / 60;
        piece[0] = calendar.tm_gmtoff < 0 ? '-' : '+';
        snprintf(piece + 1, size - 1, "%02ld%02ld", minutes / 60, minutes % 60);
        return true;
    }
    case 'Z':
        return word("%s", calendar.tm_zone != nullptr ? calendar.tm_zone : "");
    case '%':
        return word("%s", "%");
    default:
        return false;
    }
}

const char* parse_number(const char* text, int digits, int low, int high, int& value) {
    while (*text == ' ') {
        text++;
    }
    int number = 0;
    const char* start = text;
    for (; isdigit(static_cast<unsigned char>(*text)) && text - start < digits; text++) {
        number = number * 10 + (*text - '0');
    }
    if (text == start || number < low || number > high) {
        return nullptr;
    }
    value = number;
    return text;
}

template <int count>
const char* parse_name(const char* text, const char* const (&names)[count], int& value) {
    for (int i = 0; i < count; i++) {
        size_t full = strlen(names[i]);
        if (strncasecmp(text, names[i], full) == 0) {
            value = i;
            return text + full;
        }
        if (strncasecmp(text, names[i], 3) == 0) {
            value = i;
            return text + 3;
        }
    }
    return nullptr;
}

/// Parses one conversion; the place after it, or null.
const char* parse_one(char letter, const char* text, struct tm& calendar) {
    int value = 0;
    switch (letter) {
    case 'a':
    case 'A':
        return parse_name(text, day_names, calendar.tm_wday);
    case 'b':
    case 'B':
    case 'h':
        return parse_name(text, month_names, calendar.tm_mon);
    case 'd':
    case 'e':
        return parse_number(text, 2, 1, 31, calendar.tm_mday);
    case 'H':
    case 'k':
        return parse_number(text, 2, 0, 23, calendar.tm_hour);
    case 'I':
    case 'l':
        text = parse_number(text, 2, 1, 12, value);
        calendar.tm_hour = value % 12;
        return text;
    case 'j':
        text = parse_number(text, 3, 1, 366, value);
        calendar.tm_yday = value - 1;
        return text;
    case 'm':
        text = parse_number(text, 2, 1, 12, value);
        calendar.tm_mon = value - 1;
        return text;
    case 'M':
        return parse_number(text, 2, 0, 59, calendar.tm_min);
    case 'p':
        if (strncasecmp(text, "AM", 2) != 0 && strncasecmp(text, "PM", 2) != 0) {
            return nullptr;
        }
        calendar.tm_hour = calendar.tm_hour % 12 + ((*text | 32) == 'p' ? 12 : 0);
        return text + 2;
    case 'S':
        return parse_number(text, 2, 0, 60, calendar.tm_sec);
    case 'y':
        text = parse_number(text, 2, 0, 99, value);
        calendar.tm_year = value < 69 ? value + 100 : value;
        return text;
    case 'Y':
        text = parse_number(text, 4, 0, 9999, value);
        calendar.tm_year = value - 1900;
        return text;
    case 's': {
        char* end;
        time_t when = strtol(text, &end, 10);
        return end == text || localtime_r(&when, &calendar) == nullptr ? nullptr : end;
    }
    case 'Z':
        while (isalpha(static_cast<unsigned char>(*text))) {
            text++;
        }
        return text;
    case '%':
        return *text == '%' ? text + 1 : nullptr;
    default:
        return nullptr;
    }
}

} // namespace

extern "C" {

size_t strftime(char* buffer, size_t size, const char* format, const struct tm* calendar) {
    size_t used = 0;
    for (; *format != '\0'; format++) {
        char piece[64] = {*format, '\0'};
        if (*format == '%') {
            format += format[1] == 'E' || format[1] == 'O' || format[1] == '-'
                          ? 2
                          : 1; // Modifiers change nothing here.
            if (*format == '\0') {
                break;
            }
            if (const char* longer = expand(*format)) {
                strftime(piece, sizeof piece, longer, calendar);
            } else if (!convert(*format, *calendar, piece)) {
                piece[0] = '%', piece[1] = *format, piece[2] = '\0';
            }
        }
        size_t length = strlen(piece);
        if (used + length >= size) {
            return 0;
        }
        memcpy(buffer + used, piece, length);
        used += length;
    }
    if (size > 0) {
        buffer[used] = '\0';
    }
    return used;
}

char* strptime(const char* text, const char* format, struct tm* calendar) {
    for (; *format != '\0' && text != nullptr; format++) {
        if (isspace(static_cast<unsigned char>(*format))) {
            while (isspace(static_cast<unsigned char>(*text))) {
                text++;
            }
        } else if (*format != '%') {
            text = *text == *format ? text + 1 : nullptr;
        } else {
            format++;
            if (*format == 'n' || *format == 't') {
                while (isspace(static_cast<unsigned char>(*text))) {
                    text++;
                }
            } else if (const char* longer = expand(*format)) {
                text = strptime(text, longer, calendar);
            } else {
                text = parse_one(*format, text, *calendar);
            }
        }
    }
    return const_cast<char*>(text);
}

} // extern "C"
