// Pseudo-random numbers for games and tests, and unpredictable ones from the kernel.

#include "libc/src/internal/lock.hpp"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

namespace {

libc::lock state_lock;
uint64_t state = 1;

/// splitmix64: every state is followed by every other.
uint64_t step(uint64_t& from) {
    uint64_t value = from += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

uint64_t next() {
    libc::guard hold(state_lock);
    return step(state);
}

} // namespace

extern "C" {

void srand(unsigned int seed) {
    libc::guard hold(state_lock);
    state = seed;
}
int rand(void) {
    return static_cast<int>(next() >> 33);
}
int rand_r(unsigned int* seed) {
    uint64_t own = *seed;
    uint64_t value = step(own);
    *seed = static_cast<unsigned>(value);
    return static_cast<int>(value >> 33);
}
void srandom(unsigned int seed) {
    srand(seed);
}
long random(void) {
    return rand();
}
void srand48(long seed) {
    srand(static_cast<unsigned>(seed));
}
long lrand48(void) {
    return rand();
}
double drand48(void) {
    return static_cast<double>(next() >> 11) / (1ull << 53);
}

int getentropy(void* buffer, size_t size) {
    if (size > 256) {
        return static_cast<int>(libc::check(-EIO));
    }
    auto* to = static_cast<char*>(buffer);
    while (size > 0) {
        ssize_t got = getrandom(to, size, 0);
        if (got < 0 && errno != EINTR) {
            return -1;
        }
        to += got > 0 ? got : 0;
        size -= got > 0 ? static_cast<size_t>(got) : 0;
    }
    return 0;
}

void arc4random_buf(void* buffer, size_t size) {
    auto* to = static_cast<char*>(buffer);
    while (size > 0) {
        size_t part = size < 256 ? size : 256;
        if (getentropy(to, part) < 0) {
            abort(); // Callers take the bytes for unpredictable.
        }
        to += part;
        size -= part;
    }
}

uint32_t arc4random(void) {
    uint32_t value;
    arc4random_buf(&value, sizeof value);
    return value;
}

uint32_t arc4random_uniform(uint32_t bound) {
    if (bound < 2) {
        return 0;
    }
    uint32_t uneven = -bound % bound; // 2^32 mod bound: values below it would favour small results
    uint32_t value;
    do {
        value = arc4random();
    } while (value < uneven);
    return value % bound;
}

} // extern "C"
