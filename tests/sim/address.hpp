#pragma once
// "10.0.0.1" as a number of the host.

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace sim {

inline uint32_t address(const char* text) {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (std::sscanf(text, "%u.%u.%u.%u", &a, &b, &c, &d) != 4) {
        std::fprintf(stderr, "simulation: \"%s\" is no address\n", text);
        std::abort();
    }
    return a << 24 | b << 16 | c << 8 | d;
}

} // namespace sim
