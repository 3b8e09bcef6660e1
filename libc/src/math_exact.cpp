// Functions of <math.h> whose results are exact: integers, remainders, the parts of a number.

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

namespace {

constexpr uint64_t sign_bit = 1ull << 63;
constexpr uint64_t exponent_bits = 0x7ffull << 52;
constexpr double all_integers = 0x1p52; // from here on every double is an integer

uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

double from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

bool has_fraction(double x) {
    return fabs(x) < all_integers;
} // also false for infinities and NaN

} // namespace

extern "C" {

double fabs(double x) {
    return from_bits(bits_of(x) & ~sign_bit);
}
long double fabsl(long double x) {
    return __builtin_signbit(x) ? -x : x;
}
double copysign(double x, double y) {
    return from_bits((bits_of(x) & ~sign_bit) | (bits_of(y) & sign_bit));
}

double trunc(double x) {
    return has_fraction(x) ? copysign(static_cast<double>(static_cast<long>(x)), x) : x;
}
double floor(double x) {
    double whole = trunc(x);
    return whole > x ? whole - 1 : whole;
}
double ceil(double x) {
    double whole = trunc(x);
    return whole < x ? copysign(whole + 1, x) : whole;
}
double round(double x) {
    double whole = trunc(x);
    return has_fraction(x) && fabs(x - whole) >= 0.5 ? whole + copysign(1, x) : whole;
}
double rint(double x) {
    if (!has_fraction(x)) {
        return x;
    }
    double moved = copysign(all_integers, x);
    return copysign((x + moved) - moved, x); // The addition rounds to an integer, halves to even.
}
double nearbyint(double x) {
    return rint(x);
}
long lround(double x) {
    return static_cast<long>(round(x));
}
long lrint(double x) {
    return static_cast<long>(rint(x));
}
long long llround(double x) {
    return static_cast<long>(round(x));
}

double fmod(double x, double y) {
    if (y == 0 || isinf(x)) {
        errno = EDOM;
    }
    long double rest = x;
    unsigned short status;
    do { // The x87 subtracts multiples exactly, up to 2^63 at a time (Intel SDM, FPREM).
        asm("fprem\n\tfnstsw %1" : "+t"(rest), "=a"(status) : "u"(static_cast<long double>(y)));
    } while ((status & 0x400) != 0);
    return static_cast<double>(rest);
}

double remainder(double x, double y) {
    long double rest = x;
    unsigned short status;
    do {
        asm("fprem1\n\tfnstsw %1" : "+t"(rest), "=a"(status) : "u"(static_cast<long double>(y)));
    } while ((status & 0x400) != 0);
    return static_cast<double>(rest);
}

double modf(double x, double* whole) {
    *whole = trunc(x);
    return copysign(isinf(x) ? 0 : x - *whole, x);
}

double frexp(double x, int* exponent) {
    *exponent = 0;
    if (x == 0 || !isfinite(x)) {
        return x;
    }
    int shift = 0;
    if ((bits_of(x) & exponent_bits) == 0) {
        x *= 0x1p54; // below the normal range
        shift = -54;
    }
    *exponent = static_cast<int>((bits_of(x) & exponent_bits) >> 52) - 1022 + shift;
    return from_bits((bits_of(x) & ~exponent_bits) | 1022ull << 52);
}

double ldexp(double x, int exponent) {
    exponent = exponent > 5000 ? 5000 : exponent < -5000 ? -5000 : exponent;
    auto result = static_cast<double>(ldexpl(x, exponent));
    if ((isinf(result) && !isinf(x)) || (result == 0 && x != 0)) {
        errno = ERANGE;
    }
    return result;
}
double scalbn(double x, int exponent) {
    return ldexp(x, exponent);
}

long double ldexpl(long double x, int exponent) {
    long double wide = exponent;
    asm("fscale" : "+t"(x) : "u"(wide));
    return x;
}

long double frexpl(long double x, int* exponent) {
    *exponent = 0;
    if (x == 0 || !isfinite(x)) {
        return x;
    }
    long double power = x;
    long double significand;
    asm("fxtract" : "=t"(significand), "=u"(power) : "0"(x));
    *exponent = static_cast<int>(power) + 1;
    return significand / 2;
}

double nextafter(double x, double y) {
    if (isnan(x) || isnan(y) || x == y) {
        return isnan(x) ? x : y;
    }
    if (x == 0) {
        return copysign(from_bits(1), y);
    }
    bool away = (x < y) == (x > 0); // Neighbouring doubles have neighbouring bit patterns.
    return from_bits(bits_of(x) + (away ? 1 : -1ull));
}

double fmax(double x, double y) {
    return isnan(x) || x < y ? y : x;
}
double fmin(double x, double y) {
    return isnan(x) || x > y ? y : x;
}
double fdim(double x, double y) {
    return isnan(x) || isnan(y) ? x + y : x > y ? x - y : 0;
}

float fabsf(float x) {
    return static_cast<float>(fabs(x));
}
float floorf(float x) {
    return static_cast<float>(floor(x));
}
float ceilf(float x) {
    return static_cast<float>(ceil(x));
}
float roundf(float x) {
    return static_cast<float>(round(x));
}
float truncf(float x) {
    return static_cast<float>(trunc(x));
}
float fmodf(float x, float y) {
    return static_cast<float>(fmod(x, y));
}

} // extern "C"
