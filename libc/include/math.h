#pragma once
/* Mathematics in double precision. float and long double versions compute in double, but for the exact ones.
 */

#include <sys/cdefs.h>

typedef double double_t;
typedef float float_t;

#define HUGE_VAL __builtin_huge_val()
#define HUGE_VALF __builtin_huge_valf()
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

#define M_E 2.7182818284590452354
#define M_LOG2E 1.4426950408889634074
#define M_LOG10E 0.43429448190325182765
#define M_LN2 0.69314718055994530942
#define M_LN10 2.30258509299404568402
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.78539816339744830962
#define M_1_PI 0.31830988618379067154
#define M_2_PI 0.63661977236758134308
#define M_2_SQRTPI 1.12837916709551257390
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.70710678118654752440

#define FP_NAN 0
#define FP_INFINITE 1
#define FP_ZERO 2
#define FP_SUBNORMAL 3
#define FP_NORMAL 4

#define fpclassify(x) __builtin_fpclassify(FP_NAN, FP_INFINITE, FP_NORMAL, FP_SUBNORMAL, FP_ZERO, x)
#define isfinite(x) __builtin_isfinite(x)
#define isinf(x) __builtin_isinf_sign(x)
#define isnan(x) __builtin_isnan(x)
#define isnormal(x) __builtin_isnormal(x)
#define signbit(x) __builtin_signbit(x)
#define isgreater(x, y) __builtin_isgreater(x, y)
#define isless(x, y) __builtin_isless(x, y)
#define isunordered(x, y) __builtin_isunordered(x, y)

__BEGIN_DECLS

/// Absolute value.
double fabs(double x);
/// Square root, correctly rounded.
double sqrt(double x);
/// Largest integer not above x.
double floor(double x);
/// Smallest integer not below x.
double ceil(double x);
/// Integer part.
double trunc(double x);
/// Nearest integer, halves away from 0.
double round(double x);
/// Nearest integer, halves to even.
double rint(double x);
/// The same.
double nearbyint(double x);
/// Nearest integer, halves away from 0.
long lround(double x);
/// Nearest integer, halves to even.
long lrint(double x);
/// Nearest integer, halves away from 0.
long long llround(double x);
/// Remainder with x's sign, exact.
double fmod(double x, double y);
/// Remainder of the nearest multiple, exact.
double remainder(double x, double y);
/// Fraction, and the integer part in `*whole`.
double modf(double x, double* whole);
/// x = result * 2^*exponent with the result in [0.5, 1).
double frexp(double x, int* exponent);
/// x * 2^exponent.
double ldexp(double x, int exponent);
/// x * 2^exponent.
double scalbn(double x, int exponent);
/// x with y's sign.
double copysign(double x, double y);
/// The next number towards y.
double nextafter(double x, double y);
/// The larger.
double fmax(double x, double y);
/// The smaller.
double fmin(double x, double y);
/// x - y, but not below 0.
double fdim(double x, double y);
/// Square root of x^2 + y^2 without overflow.
double hypot(double x, double y);
/// Cube root.
double cbrt(double x);
/// e^x.
double exp(double x);
/// 2^x.
double exp2(double x);
/// e^x - 1, exact near 0.
double expm1(double x);
/// Natural logarithm.
double log(double x);
/// Logarithm to base 2.
double log2(double x);
/// Logarithm to base 10.
double log10(double x);
/// log(1 + x), exact near 0.
double log1p(double x);
/// x^y.
double pow(double x, double y);
/// Sine.
double sin(double x);
/// Cosine.
double cos(double x);
/// Tangent.
double tan(double x);
/// Inverse of the sine.
double asin(double x);
/// Inverse of the cosine.
double acos(double x);
/// Inverse of the tangent.
double atan(double x);
/// Angle of the point (x, y).
double atan2(double y, double x);
/// Hyperbolic sine.
double sinh(double x);
/// Hyperbolic cosine.
double cosh(double x);
/// Hyperbolic tangent.
double tanh(double x);

/// fabs() for float.
float fabsf(float x);
/// sqrt() for float.
float sqrtf(float x);
/// floor() for float.
float floorf(float x);
/// ceil() for float.
float ceilf(float x);
/// round() for float.
float roundf(float x);
/// trunc() for float.
float truncf(float x);
/// fmod() for float.
float fmodf(float x, float y);
/// exp() for float.
float expf(float x);
/// log() for float.
float logf(float x);
/// log10() for float.
float log10f(float x);
/// pow() for float.
float powf(float x, float y);
/// sin() for float.
float sinf(float x);
/// cos() for float.
float cosf(float x);
/// tan() for float.
float tanf(float x);
/// atan2() for float.
float atan2f(float y, float x);
/// ldexp() for long double.
long double ldexpl(long double x, int exponent);
/// frexp() for long double.
long double frexpl(long double x, int* exponent);
/// fabs() for long double.
long double fabsl(long double x);

__END_DECLS
