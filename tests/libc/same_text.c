/* Scanning, calendars, addresses, patterns. Must print the same with our library and the host's. */
#define _GNU_SOURCE
#include "random.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void scanning(void) {
    int a, b, n;
    long l;
    unsigned u;
    short s;
    double d;
    float f;
    char w[64], c[8];
#define SHOW(...) printf(__VA_ARGS__)
    a = b = n = -1;
    SHOW("%d ", sscanf(" 12 -7 rest", "%d%d%n", &a, &b, &n));
    SHOW("%d %d %d\n", a, b, n);
    SHOW("%d ", sscanf("0x1f 017 9", "%i %i %i", &a, &b, &n));
    SHOW("%d %d %d\n", a, b, n);
    SHOW("%d ", sscanf("ff 77 -1", "%x %o %u", &u, (unsigned*)&a, (unsigned*)&b));
    SHOW("%u %d %d\n", u, a, b);
    SHOW("%d ", sscanf("3.25e2 -inf", "%lf %f", &d, &f));
    SHOW("%g %g\n", d, (double)f);
    SHOW("%d ", sscanf("word [set]rest", "%s [%[^]]]", w, c));
    SHOW("%s %s\n", w, c);
    SHOW("%d ", sscanf("abc123", "%[a-z]%d", w, &a));
    SHOW("%s %d\n", w, a);
    SHOW("%d ", sscanf("12345678", "%3d%2hd%*1d%ld", &a, &s, &l));
    SHOW("%d %d %ld\n", a, s, l);
    SHOW("%d ", sscanf("xyz", "%d", &a));
    SHOW("%d ", sscanf("", "%d", &a));
    SHOW("%d ", sscanf("   ", "%s", w));
    SHOW("%d\n", sscanf("5%7", "%d%%%d", &a, &b));
    SHOW("%d %d\n", a, b);
    SHOW("%d ", sscanf("ab  cd", "%2c%1s", c, w));
    SHOW("%.2s %s\n", c, w);
    SHOW("%d ", sscanf("a-b]c", "%[]a-c-]", w));
    SHOW("%s\n", w);
    SHOW("%d ", sscanf("cpu  10 20 30", "cpu %d %d %d %d", &a, &b, &n, (int*)&u));
    SHOW("%d %d %d\n", a, b, n);
    SHOW("%d\n", sscanf("10:20:30", "%d:%d:%d", &a, &b, &n));
    for (int i = 0; i < 3000; i++) {
        char text[64];
        double in = random_double(), out = 0;
        sprintf(text, "%.*g,%ld", (int)random_below(18), in, (long)random_bits());
        l = 0;
        int stored = sscanf(text, "%lf,%ld", &out, &l);
        SHOW("%s %d %a %ld\n", text, stored, out, l);
    }
}

static void calendars(void) {
    static const char* const formats[] = {"%a %A %b %B %C %d %e %H %I %j %m %M %p %S",
                                          "%U %V %W %G %g %u %w %y %Y %%",
                                          "%c|%D|%F|%R|%r|%T|%x|%X|%h|%n|%t|%k|%l|%s|%P"};
    for (int i = 0; i < 5000; i++) {
        time_t when = (time_t)(random_bits() % 40000000000) - 10000000000;
        if (random_below(4) == 0) {
            when = (time_t)(random_bits() % 2000000) * 86400; /* midnight */
        }
        struct tm calendar = *gmtime(&when);
        char text[256];
        strftime(text, sizeof text, formats[i % 3], &calendar);
        printf("%ld %d %d %s", (long)when, calendar.tm_yday, calendar.tm_wday, text);
        calendar.tm_mon += (int)random_below(40) - 20;
        calendar.tm_mday += (int)random_below(100) - 50;
        calendar.tm_hour += (int)random_below(100) - 50;
        printf(" %ld", (long)timegm(&calendar));
        printf(" %s", asctime(&calendar));
    }
    struct tm parsed = {0};
    const char* end = strptime("2024-02-29 23:59:58 Thu", "%Y-%m-%d %H:%M:%S %a", &parsed);
    printf("%d %d %d %d %d [%s]\n", parsed.tm_year, parsed.tm_mon, parsed.tm_mday, parsed.tm_hour,
           parsed.tm_sec, end);
    char small[4];
    printf("%d\n", (int)strftime(small, sizeof small, "%Y", &parsed));
}

static void addresses(void) {
    static const char* const texts[] = {
        "1.2.3.4",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.4 ",
        "",
        "a",
        "0x7f.1",
        "127.1",
        "4294967295",
        "::",
        "::1",
        "1::",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7::",
        "::ffff:1.2.3.4",
        "::1.2.3.4",
        "1::2::3",
        "12345::",
        ":1",
        "1:",
        "fe80::1%eth0",
        "2001:db8:0:0:1:0:0:1",
        "0:0:0:0:0:0:0:0",
        "1:2:3:4:5:6:1.2.3.4",
        "::1:2:3:4:5:6:7",
        "g::",
        ":::",
        "1:2:3:4:5:6:7:8:9",
        "::256.1.1.1",
        "1.2.3.4::",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        unsigned char bytes[16] = {0};
        char text[64];
        struct in_addr plain = {0};
        printf("%s: %d", texts[i], inet_pton(AF_INET, texts[i], bytes));
        printf(" %d", inet_aton(texts[i], &plain));
        printf(" %08x", ntohl(plain.s_addr));
        int six = inet_pton(AF_INET6, texts[i], bytes);
        printf(" %d %s\n", six, six == 1 ? inet_ntop(AF_INET6, bytes, text, sizeof text) : "");
    }
    for (int i = 0; i < 3000; i++) {
        unsigned char bytes[16];
        char text[64];
        for (int j = 0; j < 16; j++) {
            bytes[j] = random_below(3) ? 0 : (unsigned char)random_bits();
        }
        printf("%s ", inet_ntop(AF_INET6, bytes, text, sizeof text));
        printf("%s\n", inet_ntop(AF_INET, bytes, text, sizeof text));
    }
    char text[8];
    errno = 0;
    printf("%d %d\n", inet_ntop(AF_INET, "abcd", text, sizeof text) == NULL, errno);
}

static void patterns(void) {
    static const char* const pairs[][2] = {
        {"*", "abc"},      {"a*c", "abc"},  {"a*c", "abd"},         {"?bc", "abc"},   {"[a-c]x", "bx"},
        {"[!a-c]x", "bx"}, {"[]]", "]"},    {"*.c", "x.c"},         {"*.c", ".c"},    {"\\*", "*"},
        {"\\*", "a"},      {"a[", "a["},    {"*a*b*", "xaxbx"},     {"", ""},         {"*", ""},
        {"?", ""},         {"a/b", "a/b"},  {"a*b", "a/b"},         {"*", ".hidden"}, {".*", ".hidden"},
        {"[.]h", ".h"},    {"*/x", "a/.x"}, {"[[:digit:]]*", "5x"}, {"[a-", "a"},     {"**a", "aaa"},
        {"AbC", "aBc"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        printf("%s %s %d %d %d %d %d\n", pairs[i][0], pairs[i][1], fnmatch(pairs[i][0], pairs[i][1], 0),
               fnmatch(pairs[i][0], pairs[i][1], FNM_PATHNAME), fnmatch(pairs[i][0], pairs[i][1], FNM_PERIOD),
               fnmatch(pairs[i][0], pairs[i][1], FNM_NOESCAPE),
               fnmatch(pairs[i][0], pairs[i][1], FNM_CASEFOLD));
    }
}

static int compare(const void* left, const void* right) {
    uint64_t a = *(const uint64_t*)left, b = *(const uint64_t*)right;
    return a < b ? -1 : a > b;
}

static void strings(void) {
    char text[64], copy[64];
    for (int i = 0; i < 20000; i++) {
        size_t length = random_below(60);
        for (size_t j = 0; j < length; j++) {
            text[j] = "abAB/, x"[random_below(8)];
        }
        text[length] = '\0';
        const char* part = text + random_below((unsigned)length + 1);
        char key[3] = {"abAB"[random_below(4)], "ab\0"[random_below(3)], '\0'};
        char* found = strstr(text, key);
        char* blind = strcasestr(text, key);
        printf("%d %d %d %d %d", found ? (int)(found - text) : -1, blind ? (int)(blind - text) : -1,
               (int)strspn(part, "ab/"), (int)strcspn(part, "xB"), (int)strlen(part));
        char* last = strrchr(text, key[0]);
        printf(" %d %d %d", last ? (int)(last - text) : -1, strcmp(text, part) < 0,
               strncasecmp(text, part, 5) < 0);
        strcpy(copy, text);
        char* rest;
        for (char* piece = strtok_r(copy, "/, ", &rest); piece; piece = strtok_r(NULL, "/, ", &rest)) {
            printf(" [%s]", piece);
        }
        memmove(copy + random_below(4), copy + random_below(4), length > 8 ? length - 8 : 0);
        putchar('\n');
    }
    for (int c = 0; c < 256; c++) {
        printf("%d%d%d%d%d%d%d%d%d%d%d %d %d\n", !!isalnum(c), !!isalpha(c), !!isblank(c), !!iscntrl(c),
               !!isdigit(c), !!isgraph(c), !!islower(c), !!isprint(c), !!ispunct(c), !!isspace(c),
               !!isxdigit(c), tolower(c), toupper(c));
    }
    for (int e = 0; e < 140; e++) {
        printf("%s\n", strerror(e));
    }
    for (unsigned size = 0; size < 300; size++) {
        uint64_t* values = malloc((size + 1) * sizeof *values);
        for (unsigned i = 0; i < size; i++) {
            values[i] = random_bits() % (1 + random_below(1000));
        }
        qsort(values, size, sizeof *values, compare);
        uint64_t sum = 0;
        for (unsigned i = 0; i < size; i++) {
            sum = sum * 31 + values[i];
        }
        printf("%llu\n", (unsigned long long)sum);
        free(values);
    }
}

int main(void) {
    setenv("TZ", "UTC", 1);
    scanning();
    calendars();
    addresses();
    patterns();
    strings();
    return 0;
}
