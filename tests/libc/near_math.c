/* Prints arguments and results of the functions of <math.h>. Results with our library and the host's may
 * differ by one unit in the last place, which run_tests checks; "=" marks functions that must be exact.
 */
#include "random.h"

#include <math.h>
#include <stdio.h>

#ifndef __lumos__
/* The host's double versions of some are two or three units off; its long double ones are a better judge. */
#    define cbrt(x) ((double)cbrtl(x))
#    define log10(x) ((double)log10l(x))
#    define log1p(x) ((double)log1pl(x))
#    define expm1(x) ((double)expm1l(x))
#    define sinh(x) ((double)sinhl(x))
#    define cosh(x) ((double)coshl(x))
#    define tanh(x) ((double)tanhl(x))
#endif

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return value != value ? 0x7ff8000000000000 : bits;
}

static void show(const char* name, double x, double y, double result) {
    printf("%s %a %a %016llx\n", name, x, y, (unsigned long long)bits_of(result));
}

#define ONE(name, x) show(#name, x, 0, name(x))
#define EXACT(name, x) show("=" #name, x, 0, name(x))
#define TWO(name, x, y) show(#name, x, y, name(x, y))

static double between(double low, double high) {
    return low + (high - low) * (double)(random_bits() >> 11) / 0x1p53;
}

static void all(double x, double y) {
    EXACT(floor, x), EXACT(ceil, x), EXACT(trunc, x), EXACT(round, x), EXACT(rint, x), EXACT(fabs, x),
        EXACT(sqrt, x);
    int exponent;
    double whole;
    show("=frexp", x, 0, frexp(x, &exponent));
    printf("=exponent %d\n", isfinite(x) ? exponent : 0);
    show("=modf", x, 0, modf(x, &whole));
    show("=nextafter", x, y, nextafter(x, y));
    show("=fmod", x, y, fmod(x, y));
    show("=remainder", x, y, remainder(x, y));
    show("=fmax", x, y, fmax(x, y)), show("=fdim", x, y, fdim(x, y)), show("=copysign", x, y, copysign(x, y));
    show("=ldexp", x, 7, ldexp(x, (int)random_below(100) - 50));
    ONE(exp, x), ONE(exp2, x), ONE(expm1, x), ONE(log, x), ONE(log2, x), ONE(log10, x), ONE(log1p, x),
        ONE(cbrt, x);
    ONE(atan, x), ONE(asin, x), ONE(acos, x), ONE(sinh, x), ONE(cosh, x), ONE(tanh, x);
    TWO(atan2, x, y), TWO(pow, x, y), TWO(hypot, x, y);
    if (!isfinite(x) || fabs(x) < 0x1p31) {
        ONE(sin, x), ONE(cos, x), ONE(tan, x);
    }
}

int main(void) {
    static const double special[] = {0.0,       -0.0,
                                     1,         -1,
                                     2,         -2,
                                     3,         0.5,
                                     -0.5,      1.5,
                                     2.5,       -2.5,
                                     1e300,     -1e300,
                                     1e-300,    5e-324,
                                     0x1p52,    0x1p53,
                                     709.5,     710,
                                     -745,      -746,
                                     1.0 / 0.0, -1.0 / 0.0,
                                     0.0 / 0.0, 0x1.921fb54442d18p0,
                                     1e9,       4503599627370495.5};
    enum { count = sizeof special / sizeof special[0] };
    for (int i = 0; i < count; i++) {
        for (int j = 0; j < count; j++) {
            all(special[i], special[j]);
        }
    }
    for (int i = 0; i < 3000; i++) {
        all(random_double(), random_double());
        all(between(-2, 2), between(-50, 50));
        all(between(0, 100), between(-150, 150));
        all(between(-700, 700), between(-1, 1));
        all(1 + between(-0.001, 0.001), between(-1e5, 1e5));
    }
    return 0;
}
