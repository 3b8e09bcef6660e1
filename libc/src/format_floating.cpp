// Floating-point numbers for printf: %e %f %g exactly, through big_decimal, and %a from the bits.
//
// Every value is taken apart into mantissa * 2^exponent with a 64-bit mantissa (the layout of the x87's long
// double, Intel SDM vol. 1, 4.8.2), which holds doubles too. The decimal expansion is finite and exact, so
// rounding looks at all of it: %.0f of 0.5 is 0, of 1.5 is 2, and %.1074f of the smallest number is complete.

#include "libc/src/internal/big_decimal.hpp"
#include "libc/src/internal/format.hpp"

#include <stdint.h>
#include <string.h>

namespace libc {

namespace {

constexpr int exponent_bias = 16383;
constexpr int exponent_special = 0x7fff;

struct floating {
    bool negative;
    bool infinite;
    bool not_a_number;
    uint64_t mantissa; // value = mantissa * 2^exponent
    int exponent;
};

floating take_apart(long double value) {
    struct {
        uint64_t mantissa;
        uint16_t sign_and_exponent;
    } bits = {};
    memcpy(&bits, &value, 10);
    floating result = {};
    int biased = bits.sign_and_exponent & 0x7fff;
    result.negative = (bits.sign_and_exponent & 0x8000) != 0;
    result.mantissa = bits.mantissa;
    result.exponent = (biased == 0 ? 1 : biased) - exponent_bias - 63;
    if (biased == exponent_special) {
        result.infinite = bits.mantissa << 1 == 0;
        result.not_a_number = !result.infinite;
    }
    return result;
}

const char* sign_of(const floating& value, const conversion& wanted) {
    return value.negative ? "-" : wanted.plus ? "+" : wanted.space ? " " : "";
}

bool is_capital(const conversion& wanted) {
    return wanted.kind < 'a';
}

/// "e+05": at least two digits for decimal exponents, one for binary ones. The length.
size_t write_exponent(char* to, char letter, int exponent, int least_digits) {
    char* next = to;
    *next++ = letter;
    *next++ = exponent < 0 ? '-' : '+';
    unsigned rest = exponent < 0 ? static_cast<unsigned>(-exponent) : static_cast<unsigned>(exponent);
    char digits[8];
    int count = 0;
    for (; rest > 0 || count < least_digits; rest /= 10) {
        digits[count++] = static_cast<char>('0' + rest % 10);
    }
    while (count > 0) {
        *next++ = digits[--count];
    }
    return static_cast<size_t>(next - to);
}

/// A number ready to be written: digits from `highest` to `lowest`, a point after position 0, a tail.
struct layout {
    int highest; // position of the first digit to write, at least 0
    int lowest;  // position of the last, at most 0
    int shift;   // what the position 0 of the output is in the number
    bool point;
    char tail[8];
    size_t tail_size;
};

void put_layout(text_sink& sink, const conversion& wanted, const char* sign, const big_decimal& number,
                const layout& plan) {
    long size = static_cast<long>(strlen(sign)) + plan.highest - plan.lowest + 1 + plan.point +
                static_cast<long>(plan.tail_size);
    long padding = wanted.width - size;
    bool zero_padding = wanted.zero && !wanted.left;
    if (!wanted.left && !zero_padding) {
        sink.fill(' ', padding);
    }
    sink.put(sign, strlen(sign));
    if (zero_padding) {
        sink.fill('0', padding);
    }
    char piece[64];
    size_t used = 0;
    int last_nonzero = number.is_zero() ? 0 : number.lowest_position() - plan.shift;
    int position = plan.highest;
    for (; position >= plan.lowest && (position >= 0 || position >= last_nonzero); position--) {
        if (used + 2 > sizeof piece) {
            sink.put(piece, used);
            used = 0;
        }
        piece[used++] = static_cast<char>('0' + number.digit(position + plan.shift));
        if (position == 0 && plan.point) {
            piece[used++] = '.';
        }
    }
    sink.put(piece, used);
    sink.fill('0', position - plan.lowest + 1);
    sink.put(plan.tail, plan.tail_size);
    if (wanted.left) {
        sink.fill(' ', padding);
    }
}

layout plan_fixed(const conversion& wanted, const big_decimal& number, int precision) {
    layout plan = {};
    plan.highest = number.is_zero() || number.exponent() < 0 ? 0 : number.exponent();
    plan.lowest = -precision;
    plan.point = precision > 0 || wanted.alternate;
    return plan;
}

layout plan_scientific(const conversion& wanted, const big_decimal& number, int precision) {
    layout plan = {};
    plan.shift = number.is_zero() ? 0 : number.exponent();
    plan.lowest = -precision;
    plan.point = precision > 0 || wanted.alternate;
    plan.tail_size = write_exponent(plan.tail, is_capital(wanted) ? 'E' : 'e', plan.shift, 2);
    return plan;
}

/// %g: `precision` significant digits, the shorter of both forms, no zeros at the end.
layout plan_general(const conversion& wanted, big_decimal& number, int precision) {
    precision = precision == 0 ? 1 : precision;
    int exponent = 0;
    if (!number.is_zero()) {
        number.round_at(number.exponent() - precision + 1);
        exponent = number.exponent();
    }
    bool fixed = exponent >= -4 && exponent < precision;
    int after_point = fixed ? precision - 1 - exponent : precision - 1;
    if (!wanted.alternate) {
        int lowest = number.is_zero() ? 0 : number.lowest_position() - (fixed ? 0 : exponent);
        int needed = lowest < 0 ? -lowest : 0;
        after_point = needed < after_point ? needed : after_point;
    }
    return fixed ? plan_fixed(wanted, number, after_point) : plan_scientific(wanted, number, after_point);
}

void put_decimal(text_sink& sink, const conversion& wanted, const floating& value) {
    big_decimal number(value.mantissa);
    if (value.exponent > 0) {
        number.multiply_by_power_of_two(value.exponent);
    } else {
        number.divide_by_power_of_two(-value.exponent);
    }
    int precision = wanted.precision < 0 ? 6 : wanted.precision;
    layout plan;
    switch (wanted.kind | 32) {
    case 'f':
        number.round_at(-precision);
        plan = plan_fixed(wanted, number, precision);
        break;
    case 'e':
        if (!number.is_zero()) {
            number.round_at(number.exponent() - precision);
        }
        plan = plan_scientific(wanted, number, precision);
        break;
    default:
        plan = plan_general(wanted, number, precision);
        break;
    }
    put_layout(sink, wanted, sign_of(value, wanted), number, plan);
}

/// Rounds a hexadecimal mantissa with its point after the first `64 - below` bits to some digits after it.
void round_hexadecimal(uint64_t& fraction, uint64_t& lead, int digits) {
    if (digits >= 16) {
        return;
    }
    uint64_t unit_bits = 64 - 4 * static_cast<unsigned>(digits);
    bool odd = unit_bits == 64 ? (lead & 1) != 0 : (fraction >> unit_bits & 1) != 0;
    uint64_t rest = unit_bits == 64 ? fraction : fraction & ((1ull << unit_bits) - 1);
    uint64_t half = 1ull << (unit_bits - 1);
    bool up = rest > half || (rest == half && odd);
    fraction -= rest;
    if (up) {
        uint64_t before = fraction;
        fraction = unit_bits == 64 ? 0 : fraction + (1ull << unit_bits);
        lead += unit_bits == 64 || fraction < before;
    }
}

/// %a: one digit before the point (1 for doubles; 8 to f for long doubles, as the x87 stores them).
void put_hexadecimal(text_sink& sink, const conversion& wanted, floating value, bool is_long_double) {
    if (value.mantissa != 0 && !is_long_double) {
        bool subnormal = value.exponent + 63 - __builtin_clzll(value.mantissa) < -1022;
        int shift = subnormal ? value.exponent + 63 + 1022 : __builtin_clzll(value.mantissa);
        value.mantissa = shift >= 0 ? value.mantissa << shift : value.mantissa >> -shift;
        value.exponent -= shift;
    }
    int lead_bits = is_long_double ? 4 : 1;
    uint64_t lead = value.mantissa >> (64 - lead_bits);
    uint64_t fraction = value.mantissa << lead_bits;
    int exponent = value.mantissa == 0 ? 0 : value.exponent + 64 - lead_bits;
    int digits = fraction == 0 ? 0 : 16 - __builtin_ctzll(fraction) / 4;
    if (wanted.precision >= 0) {
        round_hexadecimal(fraction, lead, wanted.precision);
        digits = wanted.precision < 16 ? wanted.precision : 16;
    }
    const char* alphabet = is_capital(wanted) ? "0123456789ABCDEF" : "0123456789abcdef";
    char body[40];
    size_t used = 0;
    if (lead >= 16) {
        body[used++] = '1'; // 0xf.8 rounded up to 0x10
    }
    body[used++] = alphabet[lead % 16];
    if (digits > 0 || wanted.precision > 0 || wanted.alternate) {
        body[used++] = '.';
    }
    for (int i = 0; i < digits; i++) {
        body[used++] = alphabet[fraction >> (60 - 4 * i) & 15];
    }
    char tail[12];
    size_t tail_size = write_exponent(tail, is_capital(wanted) ? 'P' : 'p', exponent, 1);
    int zeros = wanted.precision > digits ? wanted.precision - digits : 0;
    const char* sign = sign_of(value, wanted);
    long padding = wanted.width - static_cast<long>(strlen(sign) + 2 + used + tail_size) - zeros;
    bool zero_padding = wanted.zero && !wanted.left;
    sink.fill(' ', wanted.left || zero_padding ? 0 : padding);
    sink.put(sign, strlen(sign));
    sink.put(is_capital(wanted) ? "0X" : "0x", 2);
    sink.fill('0', zero_padding ? padding : 0);
    sink.put(body, used);
    sink.fill('0', zeros);
    sink.put(tail, tail_size);
    sink.fill(' ', wanted.left ? padding : 0);
}

} // namespace

void put_floating(text_sink& sink, const conversion& wanted, long double value, bool is_long_double) {
    floating parts = take_apart(value);
    if (parts.infinite || parts.not_a_number) {
        const char* word =
            parts.infinite ? (is_capital(wanted) ? "INF" : "inf") : (is_capital(wanted) ? "NAN" : "nan");
        put_padded(sink, wanted, sign_of(parts, wanted), word, 3, false);
    } else if ((wanted.kind | 32) == 'a') {
        put_hexadecimal(sink, wanted, parts, is_long_double);
    } else {
        put_decimal(sink, wanted, parts);
    }
}

} // namespace libc
