#pragma once
// Numbers that one seed repeats: xorshift64* (Vigna, An experimental exploration of Marsaglia's xorshift
// generators, 2016).

#include <stddef.h>
#include <stdint.h>

class random_source {
public:
    explicit random_source(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {
        for (int round = 0; round < 8; round++) {
            next();
        }
    }

    uint64_t next() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return state_ * 0x2545f4914f6cdd1d;
    }
    uint64_t below(uint64_t limit) { return (next() >> 16) % limit; }
    bool one_in(uint64_t count) { return below(count) == 0; }

    template <class T, size_t count>
    const T& one_of(const T (&list)[count]) {
        return list[below(count)];
    }

private:
    uint64_t state_;
};
