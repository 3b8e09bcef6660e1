// The C string functions. Under emulation the string instructions are slow (rep movsb is ten times slower
// than a loop of plain 64-bit moves, and even rep movsq loses), so blocks go through eight 64-bit moves a
// turn, all loads before all stores, and the tail through one overlapping move. Unaligned moves cost
// nothing extra here.
//
// The compiler knows these loops as "memcpy" and would replace them by a call to itself; the attribute
// below forbids it.

#include "kernel/lib/string.hpp"

#include <cstdint>

#define NOT_A_CALL_TO_ITSELF [[gnu::optimize("no-tree-loop-distribute-patterns")]]

namespace {

struct [[gnu::packed, gnu::may_alias]] word {
    uint64_t value;
};
struct [[gnu::packed, gnu::may_alias]] half {
    uint32_t value;
};
struct [[gnu::packed, gnu::may_alias]] quarter {
    uint16_t value;
};

template <class Unit>
Unit load(const uint8_t* from) {
    return *reinterpret_cast<const Unit*>(from);
}
template <class Unit>
void put(uint8_t* to, Unit unit) {
    *reinterpret_cast<Unit*>(to) = unit;
}

/// Up to 16 bytes: first and last unit, which may overlap. Loads come first, so it serves memmove too.
inline void copy_short(uint8_t* to, const uint8_t* from, size_t length) {
    if (length >= 8) {
        const word first = load<word>(from), last = load<word>(from + length - 8);
        put(to, first);
        put(to + length - 8, last);
    } else if (length >= 4) {
        const half first = load<half>(from), last = load<half>(from + length - 4);
        put(to, first);
        put(to + length - 4, last);
    } else if (length >= 2) {
        const quarter first = load<quarter>(from), last = load<quarter>(from + length - 2);
        put(to, first);
        put(to + length - 2, last);
    } else if (length == 1) {
        *to = *from;
    }
}

inline void copy_64_bytes(uint8_t* to, const uint8_t* from) {
    const word a = load<word>(from), b = load<word>(from + 8), c = load<word>(from + 16),
               d = load<word>(from + 24), e = load<word>(from + 32), f = load<word>(from + 40),
               g = load<word>(from + 48), h = load<word>(from + 56);
    put(to, a);
    put(to + 8, b);
    put(to + 16, c);
    put(to + 24, d);
    put(to + 32, e);
    put(to + 40, f);
    put(to + 48, g);
    put(to + 56, h);
}

} // namespace

extern "C" {

NOT_A_CALL_TO_ITSELF void* memcpy(void* __restrict to, const void* __restrict from, size_t length) {
    auto* out = static_cast<uint8_t*>(to);
    const auto* in = static_cast<const uint8_t*>(from);
    while (length >= 64) {
        copy_64_bytes(out, in);
        out += 64;
        in += 64;
        length -= 64;
    }
    while (length > 16) {
        put(out, load<word>(in));
        out += 8;
        in += 8;
        length -= 8;
    }
    copy_short(out, in, length);
    return to;
}

NOT_A_CALL_TO_ITSELF void* memmove(void* to, const void* from, size_t length) {
    auto* out = static_cast<uint8_t*>(to);
    const auto* in = static_cast<const uint8_t*>(from);
    if (length <= 16) {
        copy_short(out, in, length);
        return to;
    }
    // Forwards is right unless the target starts inside the source (the difference wraps if it is below).
    if (reinterpret_cast<uintptr_t>(out) - reinterpret_cast<uintptr_t>(in) >= length) {
        while (length >= 8) {
            put(out, load<word>(in));
            out += 8;
            in += 8;
            length -= 8;
        }
        for (; length != 0; --length) {
            *out++ = *in++;
        }
        return to;
    }
    while (length >= 8) {
        length -= 8;
        put(out + length, load<word>(in + length));
    }
    while (length != 0) {
        --length;
        out[length] = in[length];
    }
    return to;
}

NOT_A_CALL_TO_ITSELF void* memset(void* at, int byte, size_t length) {
    auto* out = static_cast<uint8_t*>(at);
    const word pattern{uint64_t{0x0101010101010101} * static_cast<uint8_t>(byte)};
    while (length >= 64) {
#pragma GCC unroll 8
        for (size_t offset = 0; offset < 64; offset += 8) {
            put(out + offset, pattern);
        }
        out += 64;
        length -= 64;
    }
    while (length >= 8) {
        put(out, pattern);
        out += 8;
        length -= 8;
    }
    for (; length != 0; --length) {
        *out++ = static_cast<uint8_t>(byte);
    }
    return at;
}

NOT_A_CALL_TO_ITSELF int memcmp(const void* left, const void* right, size_t length) {
    const auto* a = static_cast<const uint8_t*>(left);
    const auto* b = static_cast<const uint8_t*>(right);
    while (length >= 8 && load<word>(a).value == load<word>(b).value) {
        a += 8;
        b += 8;
        length -= 8;
    }
    for (; length != 0; --length, ++a, ++b) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

NOT_A_CALL_TO_ITSELF size_t strlen(const char* text) {
    size_t length = 0;
    while (text[length] != '\0') {
        ++length;
    }
    return length;
}

int strcmp(const char* left, const char* right) {
    while (*left != '\0' && *left == *right) {
        ++left;
        ++right;
    }
    return static_cast<uint8_t>(*left) - static_cast<uint8_t>(*right);
}

int strncmp(const char* left, const char* right, size_t limit) {
    for (; limit != 0; --limit, ++left, ++right) {
        if (*left != *right || *left == '\0') {
            return static_cast<uint8_t>(*left) - static_cast<uint8_t>(*right);
        }
    }
    return 0;
}

} // extern "C"
