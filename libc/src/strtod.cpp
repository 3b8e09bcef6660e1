// Floating-point numbers from text, correctly rounded: strtod(), strtof(), strtold().
//
// A decimal number becomes a big_decimal, which is shifted by powers of two until its integer part has
// exactly 64 bits; those bits, the power, and whether a fraction is left determine the nearest number of any
// format (IEEE 754 round to nearest, ties to even). Short numbers take the road of one multiplication or
// division of two exact doubles, which the processor rounds correctly by itself.

#include "libc/src/internal/big_decimal.hpp"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

namespace {

constexpr int most_digits = 12000; // More than any halfway point between two long doubles has.

/// What is left of the text after parsing.
struct number_text {
    const char* digits; // first digit that is not 0, or where digits would be
    const char* end;    // after the last digit of the mantissa
    int point;          // power of ten (or of 16) of the first digit
    long exponent;
    bool zero;
};

/// What lies below the last bit of a mantissa, compared with half of that bit.
enum class fraction { none, below_half, half, above_half };

/// A binary value: (mantissa + fraction) * 2^exponent, mantissa with its top bit set.
struct binary_value {
    uint64_t mantissa; // 0: zero
    int exponent;
    fraction rest;
};

struct binary_format {
    int mantissa_bits;
    int least_exponent;    // of the lead bit of normal numbers
    int greatest_exponent; // the same
};

constexpr binary_format float_format = {24, -126, 127};
constexpr binary_format double_format = {53, -1022, 1023};
constexpr binary_format long_double_format = {64, -16382, 16383};

/// What rounding gives: mantissa * 2^exponent, the mantissa within the format's bits.
struct rounded_value {
    uint64_t mantissa;
    int exponent;
    bool infinite;
};

int hexadecimal_value(char character) {
    auto value = static_cast<unsigned char>(character);
    return isdigit(value) ? value - '0' : tolower(value) - 'a' + 10;
}

bool is_digit(char character, bool hexadecimal) {
    auto value = static_cast<unsigned char>(character);
    return hexadecimal ? isxdigit(value) : isdigit(value);
}

/// Parses "e-12"; nothing when no digit follows. Capped, since more would be infinite or zero anyway.
const char* parse_exponent(const char* text, char letter, long& exponent) {
    if ((*text | 32) != letter) {
        return text;
    }
    const char* next = text + 1;
    bool negative = *next == '-';
    if (*next == '-' || *next == '+') {
        next++;
    }
    if (!isdigit(static_cast<unsigned char>(*next))) {
        return text;
    }
    long value = 0;
    for (; isdigit(static_cast<unsigned char>(*next)); next++) {
        value = value < 100000000 ? value * 10 + (*next - '0') : value;
    }
    exponent = negative ? -value : value;
    return next;
}

/// Parses digits with at most one point and an exponent; the place after them, or null without any digit.
const char* parse_mantissa(const char* text, bool hexadecimal, number_text& parsed) {
    bool any = false, significant = false, after_point = false;
    int before = 0, zeros_after = 0;
    const char* next = text;
    for (;; next++) {
        if (*next == '.' && !after_point) {
            after_point = true;
            continue;
        }
        if (!is_digit(*next, hexadecimal)) {
            break;
        }
        any = true;
        if (*next != '0' && !significant) {
            significant = true;
            parsed.digits = next;
        }
        before += significant && !after_point;
        zeros_after += !significant && after_point;
    }
    if (!any) {
        return nullptr;
    }
    parsed.zero = !significant;
    parsed.end = next;
    parsed.point = before > 0 ? before - 1 : -zeros_after - 1;
    return parse_exponent(next, hexadecimal ? 'p' : 'e', parsed.exponent);
}

fraction fraction_of(const libc::big_decimal& number) {
    if (!number.has_fraction()) {
        return fraction::none;
    }
    unsigned tenths = number.digit(-1);
    if (tenths != 5) {
        return tenths < 5 ? fraction::below_half : fraction::above_half;
    }
    return number.is_exact() && number.lowest_position() == -1 ? fraction::half : fraction::above_half;
}

/// The exact decimal as 64 bits, a power of two, and whether more is left.
binary_value decimal_to_binary(const number_text& parsed) {
    long highest = parsed.point + parsed.exponent;
    if (parsed.zero || highest < -5050) {
        return {parsed.zero ? 0 : 1ull << 63, -40000, fraction::none};
    }
    if (highest > 4950) {
        return {1ull << 63, 40000, fraction::none};
    }
    libc::big_decimal number;
    auto position = static_cast<int>(highest);
    int count = 0;
    for (const char* next = parsed.digits; next < parsed.end; next++) {
        if (*next == '.') {
            continue;
        }
        if (++count > most_digits) {
            if (*next != '0') {
                number.mark_inexact();
            }
            continue;
        }
        number.add_digit(position--, static_cast<unsigned>(*next - '0'));
    }
    int exponent = 0;
    for (;;) {
        unsigned __int128 whole = number.integer_part();
        auto upper = static_cast<uint64_t>(whole >> 64);
        auto lower = static_cast<uint64_t>(whole);
        if (upper == 0 && lower >> 63 != 0) {
            return {lower, exponent, fraction_of(number)};
        }
        int shift = upper != 0 ? 64 - __builtin_clzll(upper) : lower != 0 ? -__builtin_clzll(lower) : -29;
        shift = shift > 29 ? 29 : shift;
        shift > 0 ? number.divide_by_power_of_two(shift) : number.multiply_by_power_of_two(-shift);
        exponent += shift;
    }
}

binary_value hexadecimal_to_binary(const number_text& parsed) {
    unsigned __int128 bits = 0;
    int used = 0;
    bool more = false;
    for (const char* next = parsed.digits; !parsed.zero && next < parsed.end; next++) {
        if (*next == '.') {
            continue;
        }
        auto value = static_cast<unsigned __int128>(hexadecimal_value(*next));
        if (used < 32) {
            bits |= value << (124 - 4 * used++);
        } else {
            more |= value != 0;
        }
    }
    if (bits == 0) {
        return {};
    }
    int shift = __builtin_clzll(static_cast<uint64_t>(bits >> 64)); // The first digit is not 0, so at most 3.
    long exponent = 4l * parsed.point + 3 + parsed.exponent - 63 - shift;
    exponent = exponent > 40000 ? 40000 : exponent < -40000 ? -40000 : exponent;
    bits <<= shift;
    auto lower = static_cast<uint64_t>(bits);
    constexpr uint64_t half = 1ull << 63;
    fraction rest = lower == 0 && !more      ? fraction::none
                    : lower < half           ? fraction::below_half
                    : lower == half && !more ? fraction::half
                                             : fraction::above_half;
    return {static_cast<uint64_t>(bits >> 64), static_cast<int>(exponent), rest};
}

/// What is cut off when the lowest `dropped` bits (0 to 64) of a value's mantissa go.
fraction cut_off(const binary_value& value, int dropped) {
    if (dropped == 0) {
        return value.rest;
    }
    uint64_t rest = value.mantissa << (64 - dropped);
    constexpr uint64_t half = 1ull << 63;
    if (rest == half) {
        return value.rest == fraction::none ? fraction::half : fraction::above_half;
    }
    if (rest == 0 && value.rest == fraction::none) {
        return fraction::none;
    }
    return rest < half ? fraction::below_half : fraction::above_half;
}

/// Rounds to the format; sets errno on overflow and on inexact results below the normal range.
rounded_value round_to(const binary_value& value, const binary_format& format) {
    if (value.mantissa == 0) {
        return {};
    }
    int lead = value.exponent + 63;
    bool subnormal = lead < format.least_exponent;
    int bits = subnormal ? format.mantissa_bits - (format.least_exponent - lead) : format.mantissa_bits;
    if (bits < 0) {
        errno = ERANGE;
        return {};
    }
    int dropped = 64 - bits;
    uint64_t kept = dropped == 64 ? 0 : value.mantissa >> dropped;
    int exponent = value.exponent + dropped;
    fraction rest = cut_off(value, dropped);
    if (subnormal && rest != fraction::none) {
        errno = ERANGE;
    }
    uint64_t lead_bit = 1ull << (format.mantissa_bits - 1);
    if (rest == fraction::above_half || (rest == fraction::half && (kept & 1) != 0)) {
        kept++;
        if (kept == lead_bit << 1) { // All ones rounded up; for 64 bits both sides are 0.
            kept = lead_bit;
            exponent++;
        }
    }
    if ((kept & lead_bit) != 0 && exponent + format.mantissa_bits - 1 > format.greatest_exponent) {
        errno = ERANGE;
        return {0, 0, true};
    }
    return {kept, exponent, false};
}

/// "inf", "infinity", "nan" or "nan(...)"; the place after it, or null.
const char* parse_word(const char* text, bool& infinite) {
    infinite = strncasecmp(text, "inf", 3) == 0;
    if (infinite) {
        return text + (strncasecmp(text, "infinity", 8) == 0 ? 8 : 3);
    }
    if (strncasecmp(text, "nan", 3) != 0) {
        return nullptr;
    }
    const char* next = text + 3;
    if (*next == '(') {
        next++;
        while (isalnum(static_cast<unsigned char>(*next)) || *next == '_') {
            next++;
        }
        return *next == ')' ? next + 1 : text + 3;
    }
    return next;
}

struct parsed_number {
    enum { nothing, zero, finite, infinite, not_a_number } kind;
    bool negative;
    bool hexadecimal;
    number_text text;
};

/// Parses a number of any form; `*end` as strtod() promises.
parsed_number parse_number(const char* start, char** end) {
    parsed_number result = {};
    const char* next = start;
    while (isspace(static_cast<unsigned char>(*next))) {
        next++;
    }
    if (*next == '-' || *next == '+') {
        result.negative = *next++ == '-';
    }
    const char* after = nullptr;
    bool infinite = false;
    if (next[0] == '0' && (next[1] | 32) == 'x') {
        after = parse_mantissa(next + 2, true, result.text);
        result.hexadecimal = after != nullptr;
    }
    if (after == nullptr) {
        result.text = {};
        after = parse_mantissa(next, false, result.text);
    }
    if (after != nullptr) {
        result.kind = result.text.zero ? parsed_number::zero : parsed_number::finite;
    } else if ((after = parse_word(next, infinite)) != nullptr) {
        result.kind = infinite ? parsed_number::infinite : parsed_number::not_a_number;
    } else {
        result.negative = false; // A lone sign is no number, not even -0.
    }
    if (end != nullptr) {
        *end = const_cast<char*>(after != nullptr ? after : start);
    }
    return result;
}

/// Parses and rounds. Infinity and overflow give `infinite`.
rounded_value parse_and_round(const parsed_number& number, const binary_format& format) {
    if (number.kind == parsed_number::infinite) {
        return {0, 0, true};
    }
    if (number.kind != parsed_number::finite) {
        return {};
    }
    return round_to(number.hexadecimal ? hexadecimal_to_binary(number.text) : decimal_to_binary(number.text),
                    format);
}

constexpr double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// One exact operation: at most 15 digits and a power of ten that is itself a double. False when not so
/// short.
bool convert_short(const parsed_number& number, double& result) {
    if (number.kind != parsed_number::finite || number.hexadecimal ||
        number.text.end - number.text.digits > 16) {
        return false;
    }
    long mantissa = 0;
    int count = 0;
    for (const char* next = number.text.digits; next < number.text.end; next++) {
        if (*next != '.') {
            mantissa = mantissa * 10 + (*next - '0');
            count++;
        }
    }
    long power = number.text.point + number.text.exponent - count + 1;
    if (count > 15 || power < -22 || power > 22) {
        return false;
    }
    auto exact = static_cast<double>(mantissa);
    result = power < 0 ? exact / exact_powers[-power] : exact * exact_powers[power];
    return true;
}

} // namespace

extern "C" {

double strtod(const char* text, char** end) {
    parsed_number number = parse_number(text, end);
    double result;
    if (convert_short(number, result)) {
        return number.negative ? -result : result;
    }
    if (number.kind == parsed_number::not_a_number) {
        return number.negative ? -__builtin_nan("") : __builtin_nan("");
    }
    rounded_value value = parse_and_round(number, double_format);
    constexpr uint64_t lead_bit = 1ull << 52;
    uint64_t bits = value.infinite ? 0x7ffull << 52 : value.mantissa;
    if ((value.mantissa & lead_bit) != 0) {
        bits = static_cast<uint64_t>(value.exponent + 52 + 1023) << 52 | (value.mantissa ^ lead_bit);
    }
    bits |= static_cast<uint64_t>(number.negative) << 63;
    memcpy(&result, &bits, sizeof result);
    return result;
}

float strtof(const char* text, char** end) {
    parsed_number number = parse_number(text, end);
    if (number.kind == parsed_number::not_a_number) {
        return number.negative ? -__builtin_nanf("") : __builtin_nanf("");
    }
    rounded_value value = parse_and_round(number, float_format);
    constexpr uint32_t lead_bit = 1u << 23;
    auto mantissa = static_cast<uint32_t>(value.mantissa);
    uint32_t bits = value.infinite ? 0xffu << 23 : mantissa;
    if ((mantissa & lead_bit) != 0) {
        bits = static_cast<uint32_t>(value.exponent + 23 + 127) << 23 | (mantissa ^ lead_bit);
    }
    bits |= static_cast<uint32_t>(number.negative) << 31;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

long double strtold(const char* text, char** end) {
    parsed_number number = parse_number(text, end);
    if (number.kind == parsed_number::not_a_number) {
        return number.negative ? -__builtin_nanl("") : __builtin_nanl("");
    }
    rounded_value value = parse_and_round(number, long_double_format);
    struct {
        uint64_t mantissa;
        uint16_t sign_and_exponent;
    } bits = {value.mantissa, 0};
    if (value.infinite) {
        bits = {1ull << 63, 0x7fff};
    } else if (value.mantissa >> 63 != 0) {
        bits.sign_and_exponent = static_cast<uint16_t>(value.exponent + 63 + 16383);
    }
    bits.sign_and_exponent = static_cast<uint16_t>(bits.sign_and_exponent | number.negative << 15);
    long double result = 0;
    memcpy(&result, &bits, 10);
    return result;
}

double atof(const char* text) {
    return strtod(text, nullptr);
}

} // extern "C"
