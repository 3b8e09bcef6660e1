/* Parses many numbers. Must print the same with our library and the host's. */
#include "random.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void parse_floating(const char* text) {
    char* end;
    errno = 0;
    double value = strtod(text, &end);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%s -> %016" PRIx64 " %d %d", text, bits, (int)(end - text), errno);
    errno = 0;
    float narrow = strtof(text, &end);
    uint32_t narrow_bits;
    memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
    printf(" %08" PRIx32 " %d", narrow_bits, errno);
    errno = 0;
    long double wide = strtold(text, &end);
    uint16_t head;
    memcpy(&bits, &wide, 8);
    memcpy(&head, (char*)&wide + 8, 2);
    printf(" %04x%016" PRIx64 " %d\n", head, bits, errno);
}

static void random_number(char* text) {
    char* next = text;
    if (random_below(5) == 0) {
        *next++ = random_below(2) ? '-' : '+';
    }
    unsigned digits = random_below(random_below(10) == 0 ? 900 : 25);
    for (unsigned i = 0; i < digits; i++) {
        *next++ = (char)('0' + random_below(10));
        if (random_below(15) == 0) {
            *next++ = '.';
        }
    }
    if (random_below(2)) {
        next += sprintf(next, "e%d", (int)random_below(random_below(3) == 0 ? 10000 : 700) - 350);
    }
    *next = '\0';
}

int main(void) {
    static const char* const special[] = {
        "",
        ".",
        "e5",
        "1e",
        "1e+",
        "0x",
        "0x.",
        "0x1p",
        "0x1p5",
        "0x.8",
        "0x1.fffffffffffff8p0",
        "0x1.fffffffffffff7p1023",
        "0x1.fffffffffffff8p1023",
        "inf",
        "-INFINITY",
        "infinit",
        "nan",
        "nan(",
        " 12",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "9007199254740993",
        "9007199254740992.9999999999999999999",
        "0.000000000000000000000000000000000000000000000000001",
        "1e400",
        "-1e-400",
        "0e999999999999",
        "1e-99999999999",
        "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
        "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
        "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
        "0x0.0000000000000000000000001p100",
        "0x123456789abcdef0123456789p-3",
        "0x1.00000000000000001p0",
        "0x1.000000000000000080000000000000000000000000000001p0",
        "0x8000000000000000.8p0",
        "1__2",
        "1e5e5",
    };
    for (size_t i = 0; i < sizeof special / sizeof special[0]; i++) {
        parse_floating(special[i]);
    }
    char text[4000];
    for (int i = 0; i < 20000; i++) {
        random_number(text);
        parse_floating(text);
        sprintf(text, "%.*e", (int)random_below(20), random_double());
        parse_floating(text);
        sprintf(text, "%a", random_double());
        parse_floating(text);
    }
    for (int i = 0; i < 3000; i++) { /* exactly halfway between two doubles, and just beside */
        uint64_t bits = random_bits() & 0x7fefffffffffffff;
        double value;
        memcpy(&value, &bits, sizeof value);
        long double half = (long double)value + ((long double)value * 0x1p-53L);
        sprintf(text, "%.800Le", half);
        parse_floating(text);
    }
    for (int i = 0; i < 20000; i++) {
        char* end;
        int base = (int)random_below(37);
        base = base == 1 ? 0 : base;
        static const char* const prefixes[] = {"", "-", "+", " ", "0x", "0", "-0X", "  -"};
        int used = sprintf(text, "%s", prefixes[random_below(8)]);
        unsigned digits = random_below(24);
        for (unsigned j = 0; j < digits; j++) {
            text[used++] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEF.,"[random_below(base < 11 ? 11 : 44)];
        }
        text[used] = '\0';
        errno = 0;
        long first = strtol(text, &end, base);
        printf("%s %d: %ld %d %d", text, base, first, (int)(end - text), errno == EINVAL ? 0 : errno);
        errno = 0;
        unsigned long second = strtoul(text, &end, base);
        printf(" %lu %d %d\n", second, (int)(end - text), errno == EINVAL ? 0 : errno);
    }
    return 0;
}
