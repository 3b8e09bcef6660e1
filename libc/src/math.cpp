// Elementary functions, computed by the x87 in its 64-bit mantissa and rounded to double at the end, which
// leaves errors below one unit in the last place (tests/libc/near_math.c measures them).
//
// The x87 has the kernels: 2^x-1 on [-1, 1], y*log2(x), sin and cos of small angles, the angle of a point
// (Intel SDM vol. 1, 8.3.7 and 8.3.8). What is added here is the reduction of the argument, done in pieces so
// that no digit is lost, and the special cases of C11 annex F. Angles above 2^31 lose accuracy with their
// size.

#include <errno.h>
#include <math.h>

namespace {

using extended = long double;

constexpr extended log2_e = 1.44269504088896340735992468100189214L;
constexpr extended ln_2 = 0.693147180559945309417232121458176568L;
constexpr extended log10_2 = 0.301029995663981195213738894724493027L;
constexpr extended two_over_pi = 0.636619772367581343075535053490057448L;

// ln 2 and pi/2 in pieces: all but the last have so few bits that multiplying them by an integer is exact.
constexpr extended ln_2_upper = 0xb17217f7p-32L;
constexpr extended ln_2_lower = 0xd1cf79abc9e3b398p-96L;
constexpr extended half_pi_1 = 0xc90fdaa2p-31L;
constexpr extended half_pi_2 = 0x85a308d3p-65L;
constexpr extended half_pi_3 = 0x98cc51701b839a25p-132L;

extended round_to_integer(extended x) {
    asm("frndint" : "+t"(x));
    return x;
}

/// x * 2^exponent
extended scale(extended x, extended exponent) {
    asm("fscale" : "+t"(x) : "u"(exponent));
    return x;
}

/// 2^x - 1 for |x| <= 1
extended exp2_minus_1(extended x) {
    asm("f2xm1" : "+t"(x));
    return x;
}

/// factor * log2(x)
extended factor_log2(extended factor, extended x) {
    asm("fyl2x" : "+t"(x) : "u"(factor) : "st(1)");
    return x;
}

/// factor * log2(1 + x) for |x| < 0.29
extended factor_log2_1p(extended factor, extended x) {
    asm("fyl2xp1" : "+t"(x) : "u"(factor) : "st(1)");
    return x;
}

/// The angle of the point (x, y)
extended angle(extended y, extended x) {
    asm("fpatan" : "+t"(x) : "u"(y) : "st(1)");
    return x;
}

extended square_root(extended x) {
    asm("fsqrt" : "+t"(x));
    return x;
}

extended sine(extended x) {
    asm("fsin" : "+t"(x));
    return x;
}

extended cosine(extended x) {
    asm("fcos" : "+t"(x));
    return x;
}

/// e^x - 1 for any x
extended extended_expm1(extended x) {
    extended whole = round_to_integer(x * log2_e);
    extended rest = (x - whole * ln_2_upper) - whole * ln_2_lower;
    extended small = exp2_minus_1(rest * log2_e);
    if (whole == 0) {
        return small;
    }
    extended power = scale(1, whole);
    return power * small + (power - 1);
}

extended extended_exp(extended x) {
    if (x > 12000 || x < -12000) {
        return x > 0 ? __builtin_infl() : 0;
    }
    extended whole = round_to_integer(x * log2_e);
    extended rest = (x - whole * ln_2_upper) - whole * ln_2_lower;
    return scale(exp2_minus_1(rest * log2_e) + 1, whole);
}

/// 2^x where x = upper + lower
extended extended_exp2(extended upper, extended lower) {
    if (upper > 17000 || upper < -17000) {
        return upper > 0 ? __builtin_infl() : 0;
    }
    extended whole = round_to_integer(upper);
    return scale(exp2_minus_1((upper - whole) + lower) + 1, whole);
}

struct reduced_angle {
    extended rest; // within pi/4 of 0
    int quarter;   // turns taken off, modulo 4
};

reduced_angle reduce(double x) {
    extended turns = round_to_integer(static_cast<extended>(x) * two_over_pi);
    extended rest = ((x - turns * half_pi_1) - turns * half_pi_2) - turns * half_pi_3;
    extended quarters = turns - 4 * round_to_integer(turns / 4 - 0.25L);
    return {rest, static_cast<int>(quarters) & 3};
}

bool is_integer(double x) {
    return isfinite(x) && trunc(x) == x;
}
bool is_odd(double x) {
    return is_integer(x) && fabs(x) < 0x1p53 && fmod(x, 2) != 0;
}

double range_error(double result) {
    errno = ERANGE;
    return result;
}

double domain_error() {
    errno = EDOM;
    return __builtin_nan("");
}

/// Rounds to double and reports overflow.
double finish(extended x) {
    auto result = static_cast<double>(x);
    return isinf(result) ? range_error(result) : result;
}

/// log2 of a positive number as a sum, the first part with 24 bits, so that its product with a double is
/// exact.
struct split_logarithm {
    extended upper;
    extended lower;
};

split_logarithm split_log2(double x) {
    int exponent;
    double mantissa = frexp(x, &exponent);
    if (mantissa < 0.70710678118654752) {
        mantissa *= 2;
        exponent--;
    }
    // mantissa = center * (1 + small) with center on a grid of 1/128, so log2 of both factors is near exact.
    extended center = round_to_integer(mantissa * 128.0L) / 128;
    extended small = (mantissa - center) / center;
    extended first = factor_log2(1, center);
    extended second = factor_log2_1p(1, small);
    extended sum = exponent + first + second;
    extended upper = static_cast<float>(sum);
    return {upper, ((exponent - upper) + first) + second};
}

/// x^y for positive finite x other than 1 and finite y other than 0.
double positive_power(double x, double y) {
    split_logarithm logarithm = split_log2(x);
    extended upper = logarithm.upper * y; // 24 by 53 bits: rounded, so the error is added back below
    auto y_upper = static_cast<float>(y);
    extended error =
        (logarithm.upper * y_upper - upper) + logarithm.upper * (static_cast<extended>(y) - y_upper);
    return finish(extended_exp2(upper, logarithm.lower * y + error));
}

double power_of_zero(double x, double y) {
    bool odd = is_odd(y);
    if (y > 0) {
        return odd ? x : 0;
    }
    return range_error(odd ? copysign(HUGE_VAL, x) : HUGE_VAL);
}

double infinite_power(double x, double y) {
    bool large = fabs(x) > 1;
    return large == (y > 0) ? HUGE_VAL : 0;
}

double power_of_infinity(double x, double y) {
    double magnitude = y > 0 ? HUGE_VAL : 0;
    return x < 0 && is_odd(y) ? -magnitude : magnitude;
}

} // namespace

extern "C" {

double sqrt(double x) {
    if (x < 0) {
        errno = EDOM;
    }
    asm("sqrtsd %0, %0" : "+x"(x));
    return x;
}
double hypot(double x, double y) {
    if (isinf(x) || isinf(y)) {
        return HUGE_VAL;
    }
    return finish(square_root(static_cast<extended>(x) * x + static_cast<extended>(y) * y));
}
double cbrt(double x) {
    if (x == 0 || !isfinite(x)) {
        return x;
    }
    extended magnitude = fabsl(x);
    extended root = extended_exp2(factor_log2(1 / 3.0L, magnitude), 0);
    root -=
        (root * root * root - magnitude) / (3 * root * root); // One step of Newton's removes the last error.
    return static_cast<double>(x < 0 ? -root : root);
}

double exp(double x) {
    return isnan(x) || isinf(x) ? (x < 0 ? 0 : x) : finish(extended_exp(x));
}
double exp2(double x) {
    return isnan(x) || isinf(x) ? (x < 0 ? 0 : x) : finish(extended_exp2(x, 0));
}
double expm1(double x) {
    if (isnan(x) || x == 0 || isinf(x)) {
        return isinf(x) && x < 0 ? -1 : x;
    }
    return x < -60 ? -1 : x > 12000 ? range_error(HUGE_VAL) : finish(extended_expm1(x));
}

double log(double x) {
    return x < 0    ? domain_error()
           : x == 0 ? range_error(-HUGE_VAL)
                    : static_cast<double>(factor_log2(ln_2, x));
}
double log2(double x) {
    return x < 0 ? domain_error() : x == 0 ? range_error(-HUGE_VAL) : static_cast<double>(factor_log2(1, x));
}
double log10(double x) {
    return x < 0    ? domain_error()
           : x == 0 ? range_error(-HUGE_VAL)
                    : static_cast<double>(factor_log2(log10_2, x));
}
double log1p(double x) {
    if (x <= -1) {
        return x < -1 ? domain_error() : range_error(-HUGE_VAL);
    }
    return static_cast<double>(fabs(x) < 0.25 ? factor_log2_1p(ln_2, x)
                                              : factor_log2(ln_2, 1 + static_cast<extended>(x)));
}

double pow(double x, double y) {
    if (y == 0 || x == 1) {
        return 1;
    }
    if (isnan(x) || isnan(y)) {
        return x + y;
    }
    if (x == 0) {
        return power_of_zero(x, y);
    }
    if (isinf(y)) {
        return x == -1 ? 1 : infinite_power(x, y);
    }
    if (isinf(x)) {
        return power_of_infinity(x, y);
    }
    if (x < 0 && !is_integer(y)) {
        return domain_error();
    }
    double magnitude = x == -1 ? 1 : positive_power(fabs(x), y);
    return x < 0 && is_odd(y) ? -magnitude : magnitude;
}

double sin(double x) {
    if (!isfinite(x) || fabs(x) < 0x1p-30) {
        return isinf(x) ? domain_error() : x;
    }
    reduced_angle reduced = reduce(x);
    extended value = (reduced.quarter & 1) != 0 ? cosine(reduced.rest) : sine(reduced.rest);
    return static_cast<double>((reduced.quarter & 2) != 0 ? -value : value);
}
double cos(double x) {
    if (!isfinite(x)) {
        return isinf(x) ? domain_error() : x;
    }
    reduced_angle reduced = reduce(x);
    extended value = (reduced.quarter & 1) != 0 ? sine(reduced.rest) : cosine(reduced.rest);
    bool negative = reduced.quarter == 1 || reduced.quarter == 2;
    return static_cast<double>(negative ? -value : value);
}
double tan(double x) {
    if (!isfinite(x) || fabs(x) < 0x1p-30) {
        return isinf(x) ? domain_error() : x;
    }
    reduced_angle reduced = reduce(x);
    extended s = sine(reduced.rest);
    extended c = cosine(reduced.rest);
    return static_cast<double>((reduced.quarter & 1) != 0 ? -c / s : s / c);
}

double atan2(double y, double x) {
    return static_cast<double>(angle(y, x));
}
double atan(double x) {
    return static_cast<double>(angle(x, 1));
}
double asin(double x) {
    extended wide = x;
    return fabs(x) > 1 ? domain_error()
                       : static_cast<double>(angle(wide, square_root((1 - wide) * (1 + wide))));
}
double acos(double x) {
    extended wide = x;
    return fabs(x) > 1 ? domain_error()
                       : static_cast<double>(angle(square_root((1 - wide) * (1 + wide)), wide));
}

double sinh(double x) {
    if (x == 0 || !isfinite(x)) {
        return x;
    }
    extended half = fabs(x) > 12000 ? __builtin_infl() : extended_expm1(fabsl(x));
    extended value = isinf(half) ? half : (half + half / (half + 1)) / 2;
    return finish(x < 0 ? -value : value);
}
double cosh(double x) {
    extended power = extended_exp(fabsl(x));
    return isinf(x) ? HUGE_VAL : isinf(power) ? range_error(HUGE_VAL) : finish((power + 1 / power) / 2);
}
double tanh(double x) {
    if (x == 0 || isnan(x)) {
        return x;
    }
    extended twice = fabs(x) > 40 ? __builtin_infl() : extended_expm1(2 * fabsl(x));
    extended value = isinf(twice) ? 1 : twice / (twice + 2);
    return static_cast<double>(x < 0 ? -value : value);
}

float sqrtf(float x) {
    return static_cast<float>(sqrt(x));
}
float expf(float x) {
    return static_cast<float>(exp(x));
}
float logf(float x) {
    return static_cast<float>(log(x));
}
float log10f(float x) {
    return static_cast<float>(log10(x));
}
float powf(float x, float y) {
    return static_cast<float>(pow(x, y));
}
float sinf(float x) {
    return static_cast<float>(sin(x));
}
float cosf(float x) {
    return static_cast<float>(cos(x));
}
float tanf(float x) {
    return static_cast<float>(tan(x));
}
float atan2f(float y, float x) {
    return static_cast<float>(atan2(y, x));
}

} // extern "C"
