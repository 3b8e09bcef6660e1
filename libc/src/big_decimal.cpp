// Exact decimal arithmetic for printf and strtod; internal/big_decimal.hpp has the picture.
//
// Invariants: words outside [first_, last_) are zero and not stored; after trim() neither end is a zero word,
// and an empty range is the number zero. first_ may lie right of the point (small numbers have no zero words
// in front), last_ left of it.

#include "libc/src/internal/big_decimal.hpp"

namespace libc {

uint32_t power_of_ten(int exponent) {
    uint32_t power = 1;
    for (; exponent > 0; exponent--) {
        power *= 10;
    }
    return power;
}

big_decimal::big_decimal(uint64_t value) : first_(units + 1), last_(units + 1) {
    for (; value > 0; value /= base) {
        words_[--first_] = static_cast<uint32_t>(value % base);
    }
    trim();
}

void big_decimal::trim() {
    while (first_ < last_ && words_[first_] == 0) {
        first_++;
    }
    while (last_ > first_ && words_[last_ - 1] == 0) {
        last_--;
    }
}

/// Makes a word part of the stored range.
void big_decimal::include(int index) {
    if (first_ == last_) {
        first_ = index, last_ = index + 1;
        words_[index] = 0;
    }
    while (index < first_) {
        words_[--first_] = 0;
    }
    while (index >= last_) {
        words_[last_++] = 0;
    }
}

namespace {

/// Floor of a division by nine.
int word_offset(int position) {
    return position >= 0 ? position / big_decimal::word_digits
                         : -((-position - 1) / big_decimal::word_digits) - 1;
}

} // namespace

void big_decimal::add_digit(int position, unsigned digit) {
    int offset = word_offset(position);
    int index = units - offset;
    if (index >= capacity) {
        inexact_ |= digit != 0;
        return;
    }
    if (digit != 0) {
        include(index);
        words_[index] += digit * power_of_ten(position - offset * word_digits);
    }
}

void big_decimal::multiply_step(int bits) {
    uint64_t carry = 0;
    for (int i = last_ - 1; i >= first_; i--) {
        uint64_t product = (static_cast<uint64_t>(words_[i]) << bits) + carry;
        words_[i] = static_cast<uint32_t>(product % base);
        carry = product / base;
    }
    if (carry != 0) {
        words_[--first_] = static_cast<uint32_t>(carry);
    }
    trim();
}

void big_decimal::divide_step(int bits) {
    uint64_t remainder = 0;
    uint64_t mask = (1ull << bits) - 1;
    for (int i = first_; i < last_; i++) {
        uint64_t dividend = remainder * base + words_[i];
        words_[i] = static_cast<uint32_t>(dividend >> bits);
        remainder = dividend & mask;
    }
    while (remainder != 0) {
        if (last_ == capacity) {
            inexact_ = true;
            break;
        }
        uint64_t dividend = remainder * base;
        words_[last_++] = static_cast<uint32_t>(dividend >> bits);
        remainder = dividend & mask;
    }
    trim();
}

void big_decimal::multiply_by_power_of_two(int exponent) {
    for (; exponent > bits_per_step; exponent -= bits_per_step) {
        multiply_step(bits_per_step);
    }
    multiply_step(exponent);
}

void big_decimal::divide_by_power_of_two(int exponent) {
    for (; exponent > bits_per_step; exponent -= bits_per_step) {
        divide_step(bits_per_step);
    }
    divide_step(exponent);
}

int big_decimal::exponent() const {
    int position = (units - first_) * word_digits;
    for (uint32_t rest = words_[first_]; rest >= 10; rest /= 10) {
        position++;
    }
    return position;
}

int big_decimal::lowest_position() const {
    int position = (units - last_ + 1) * word_digits;
    for (uint32_t rest = words_[last_ - 1]; rest % 10 == 0; rest /= 10) {
        position++;
    }
    return position;
}

unsigned big_decimal::digit(int position) const {
    int offset = word_offset(position);
    return word(units - offset) / power_of_ten(position - offset * word_digits) % 10;
}

/// Whether what lies below `unit` in a word, and all words after it, is to be rounded up.
bool big_decimal::round_up(int index, uint32_t unit) const {
    uint32_t rest = word(index) % unit;
    uint32_t half = unit / 2;
    bool odd = word(index) / unit % 2 != 0;
    if (unit == 1) { // The digit to keep ends its word: the next one decides.
        index++;
        rest = word(index);
        half = base / 2;
    }
    if (rest != half) {
        return rest > half;
    }
    return odd || last_ > index + 1 || inexact_;
}

void big_decimal::round_at(int position) {
    int offset = word_offset(position);
    int index = units - offset;
    if (index >= last_) {
        return;
    }
    uint32_t unit = power_of_ten(position - offset * word_digits);
    bool up = index + 1 >= first_ && round_up(index, unit);
    if (index < first_) {
        first_ = last_ = index; // Everything lies below the digit.
    } else {
        last_ = index + 1;
        words_[index] -= words_[index] % unit;
    }
    if (up) {
        include(index);
        words_[index] += unit;
        for (; words_[index] >= base; index--) {
            words_[index] -= base;
            include(index - 1);
            words_[index - 1]++;
        }
    }
    trim();
}

unsigned __int128 big_decimal::integer_part() const {
    if (first_ + 3 <= units && first_ != last_) {
        return ~static_cast<unsigned __int128>(0);
    }
    unsigned __int128 value = 0;
    for (int index = units - 2; index <= units; index++) {
        value = value * base + word(index);
    }
    return value;
}

bool big_decimal::has_fraction() const {
    return inexact_ || (first_ != last_ && last_ > units + 1);
}

} // namespace libc
