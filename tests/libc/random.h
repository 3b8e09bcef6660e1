#pragma once
/* Reproducible random values for tests that run with two libraries and must print the same. */

#include <stdint.h>
#include <string.h>

static uint64_t random_state = 0x123456789abcdef;

/* splitmix64 */
static inline uint64_t random_bits(void) {
    uint64_t value = random_state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

static inline unsigned random_below(unsigned bound) {
    return (unsigned)(random_bits() % bound);
}

/* A double of any kind: random bits, small decimals, integers, halfway cases. */
static inline double random_double(void) {
    double value;
    uint64_t bits = random_bits();
    switch (random_below(6)) {
    case 0:
        memcpy(&value, &bits, sizeof value);
        return value;
    case 1:
        return (double)(int64_t)(bits % 2000001 - 1000000) / 100;
    case 2:
        return (double)(int64_t)(bits >> random_below(64));
    case 3:
        return (double)(bits % 100000) + 0.5;
    case 4:
        bits = (bits & 0x800fffffffffffff) | (uint64_t)(1023 - 40 + random_below(80)) << 52;
        memcpy(&value, &bits, sizeof value);
        return value;
    default:
        bits >>= 12 + random_below(40); /* below the normal range */
        memcpy(&value, &bits, sizeof value);
        return value;
    }
}
