/* Prints many values in many formats. Must print the same with our library and the host's. */
#include "random.h"

#include <stdio.h>
#include <stdlib.h>

static void random_format(char* format, const char* letters, const char* size) {
    static const char flags[] = "-+ #0";
    char* next = format;
    *next++ = '%';
    for (int i = 0; i < 5; i++) {
        if (random_below(4) == 0) {
            *next++ = flags[i];
        }
    }
    if (random_below(2)) {
        next += sprintf(next, "%u", random_below(40));
    }
    if (random_below(2)) {
        next += sprintf(next, ".%u", random_below(random_below(8) == 0 ? 400 : 20));
    }
    next += sprintf(next, "%s", size);
    *next++ = letters[random_below((unsigned)strlen(letters))];
    *next = '\0';
}

int main(void) {
    char format[64];
    for (int i = 0; i < 40000; i++) {
        random_format(format, "eEfFgGaA", "");
        double value = random_double();
        if (strchr(format, 'f') != NULL && (value > 1e40 || value < -1e40) && i % 50 != 0) {
            value = 1 / value;
        }
        printf("%s ", format);
        printf(format, value);
        putchar('\n');
    }
    for (int i = 0; i < 10000; i++) {
        random_format(format, "efg", "L");
        long double value = (long double)random_double() * (long double)random_double() / 3;
        printf("%s ", format);
        printf(format, value);
        putchar('\n');
    }
    for (int i = 0; i < 40000; i++) {
        static const char* const sizes[] = {"", "h", "hh", "l", "ll", "z", "j", "t"};
        const char* size = sizes[random_below(8)];
        random_format(format, "diouxX", size);
        uint64_t value = random_below(8) == 0 ? 0 : random_bits() >> random_below(64);
        printf("%s ", format);
        if (strlen(size) == 0 || *size == 'h') {
            printf(format, (int)value);
        } else {
            printf(format, value);
        }
        putchar('\n');
    }
    for (int i = 0; i < 2000; i++) {
        random_format(format, "s", "");
        printf(format, i % 3 == 0 ? "" : i % 3 == 1 ? "word" : "a rather long text to be cut");
        random_format(format, "c", "");
        printf(format, 'x');
        printf("%*d %-*d %.*f\n", i % 20 - 10, i, i % 15, i, i % 7 - 1, i / 3.0);
    }
    printf("%p %5c|%-5c|%%|%s|%.3s|%n", (void*)0x1234, 'a', 'b', "text", "abcdef", &(int){0});
    char small[8];
    int length = snprintf(small, sizeof small, "%s", "longer than eight");
    printf("%d %s\n", length, small);
    printf("%.1074f\n%.0f %.0f %.0f %.0f\n", 5e-324, 0.5, 1.5, 2.5, -0.5);
    printf("%g %g %g %f %e %F\n", 1.0 / 0.0, -1.0 / 0.0, 0.0, 0.0 / 0.0 < 1 ? 0.0 : 1.0, -0.0, 1.0 / 0.0);
    printf("%.3a %a %.0a %A %La\n", 1.999999, 1.0, 1.5, 0.1, 0.1L);
    return 0;
}
