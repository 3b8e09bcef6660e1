// Integers from text: strtol() and its family.

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

namespace {

struct parsed {
    unsigned long long magnitude;
    bool negative;
    bool overflow;
};

/// Value of a digit, 36 when it is none.
unsigned digit_value(char character) {
    auto value = static_cast<unsigned char>(character);
    if (isdigit(value)) {
        return value - '0';
    }
    return isalpha(value) ? static_cast<unsigned>(tolower(value) - 'a' + 10) : 36;
}

bool has_hexadecimal_prefix(const char* text) {
    return text[0] == '0' && (text[1] | 32) == 'x' && digit_value(text[2]) < 16;
}

/// Space, sign, prefix, digits. `*end` is the beginning when there are no digits.
parsed parse(const char* text, char** end, int base) {
    parsed result = {};
    const char* next = text;
    while (isspace(static_cast<unsigned char>(*next))) {
        next++;
    }
    if (*next == '-' || *next == '+') {
        result.negative = *next++ == '-';
    }
    if ((base == 0 || base == 16) && has_hexadecimal_prefix(next)) {
        next += 2;
        base = 16;
    } else if (base == 0) {
        base = *next == '0' ? 8 : 10;
    }
    if (base < 2 || base > 36) {
        errno = EINVAL;
        base = 0; // No digit is below 0, so nothing is parsed.
    }
    const char* digits = next;
    auto radix = static_cast<unsigned>(base);
    for (; digit_value(*next) < radix; next++) {
        result.overflow |= __builtin_mul_overflow(result.magnitude, radix, &result.magnitude);
        result.overflow |= __builtin_add_overflow(result.magnitude, digit_value(*next), &result.magnitude);
    }
    if (end != nullptr) {
        *end = const_cast<char*>(next == digits ? text : next);
    }
    return next == digits ? parsed{} : result;
}

} // namespace

extern "C" {

long long strtoll(const char* text, char** end, int base) {
    parsed number = parse(text, end, base);
    unsigned long long limit = static_cast<unsigned long long>(LLONG_MAX) + number.negative;
    if (number.overflow || number.magnitude > limit) {
        errno = ERANGE;
        return number.negative ? LLONG_MIN : LLONG_MAX;
    }
    return static_cast<long long>(number.negative ? 0 - number.magnitude : number.magnitude);
}

unsigned long long strtoull(const char* text, char** end, int base) {
    parsed number = parse(text, end, base);
    if (number.overflow) {
        errno = ERANGE;
        return ULLONG_MAX;
    }
    return number.negative ? 0 - number.magnitude : number.magnitude;
}

long strtol(const char* text, char** end, int base) {
    return strtoll(text, end, base);
}
unsigned long strtoul(const char* text, char** end, int base) {
    return strtoull(text, end, base);
}
intmax_t strtoimax(const char* text, char** end, int base) {
    return strtoll(text, end, base);
}
uintmax_t strtoumax(const char* text, char** end, int base) {
    return strtoull(text, end, base);
}

int atoi(const char* text) {
    return static_cast<int>(strtoll(text, nullptr, 10));
}
long atol(const char* text) {
    return strtoll(text, nullptr, 10);
}
long long atoll(const char* text) {
    return strtoll(text, nullptr, 10);
}

int abs(int value) {
    return value < 0 ? -value : value;
}
long labs(long value) {
    return value < 0 ? -value : value;
}
long long llabs(long long value) {
    return value < 0 ? -value : value;
}
intmax_t imaxabs(intmax_t value) {
    return value < 0 ? -value : value;
}
div_t div(int numerator, int denominator) {
    return {numerator / denominator, numerator % denominator};
}
ldiv_t ldiv(long numerator, long denominator) {
    return {numerator / denominator, numerator % denominator};
}
lldiv_t lldiv(long long numerator, long long denominator) {
    return {numerator / denominator, numerator % denominator};
}
imaxdiv_t imaxdiv(intmax_t numerator, intmax_t denominator) {
    return {numerator / denominator, numerator % denominator};
}

} // extern "C"
