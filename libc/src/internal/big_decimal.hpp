#pragma once
// An exact decimal number wide enough for every floating-point value, and its multiplication and division by
// powers of two: the bridge between binary and decimal in both directions. printf starts with a mantissa,
// shifts by its exponent, rounds at a digit and prints; strtod starts with digits, shifts until the integer
// part has 64 bits, and rounds those. No step loses anything, so every result is correctly rounded.
//
//     words_   [ ... | 000000012 | 345678900 | 000000000 | ... ]     base 1,000,000,000, most significant
//     first
//                first_       units_    (point)          last_
//
// A value below 2^k divided by 2^k has at most k digits after the point: 10^9 is divisible by 2^9, so each
// further word takes up 9 bits of what is left.

#include <stdint.h>

namespace libc {

class big_decimal {
public:
    static constexpr uint32_t base = 1000000000;
    static constexpr int word_digits = 9;

    /// Zero.
    big_decimal() : first_(units), last_(units) {}

    /// An integer.
    explicit big_decimal(uint64_t value);

    /// Adds a digit at a power of ten; used to build a number from its digits. Digits come in descending
    /// order, and those too far right only mark the number as slightly larger.
    void add_digit(int position, unsigned digit);
    /// Remembers that something smaller than all digits was cut off.
    void mark_inexact() { inexact_ = true; }

    void multiply_by_power_of_two(int exponent);
    void divide_by_power_of_two(int exponent);

    bool is_zero() const { return first_ == last_; }
    /// Power of ten of the first digit that is not 0. Not for zero.
    int exponent() const;
    /// Power of ten of the last digit that is not 0. Not for zero.
    int lowest_position() const;
    /// The digit at a power of ten.
    unsigned digit(int position) const;
    /// Rounds to a multiple of 10^position; halves go to the even digit.
    void round_at(int position);

    /// The integer part, if it is below 2^90; else all ones.
    unsigned __int128 integer_part() const;
    /// Whether nothing was cut off.
    bool is_exact() const { return !inexact_; }
    /// Whether anything follows the point.
    bool has_fraction() const;

private:
    static constexpr int integer_words = 560;   // 4,933 digits of the largest long double, and a carry
    static constexpr int fraction_words = 1836; // 16,445 digits of the smallest
    static constexpr int units = integer_words;
    static constexpr int capacity = integer_words + 1 + fraction_words;
    static constexpr int bits_per_step = 29; // 2^29 * 10^9 fits 64 bits

    uint32_t word(int index) const { return index >= first_ && index < last_ ? words_[index] : 0; }
    void include(int index);
    void trim();
    void multiply_step(int bits);
    void divide_step(int bits);
    bool round_up(int index, uint32_t unit) const;

    int first_;
    int last_;
    bool inexact_ = false;
    uint32_t words_[capacity];
};

/// 10^exponent for 0 to 9.
uint32_t power_of_ten(int exponent);

} // namespace libc
