// Copying, filling, comparing and searching blocks of memory: the memory half of <string.h>.
//
// Under an emulator a guest instruction is what costs, and `rep movsb` is one microstep per byte there, so
// the loops move 64 bits at a time, eight moves per round. Blocks below 16 bytes are done with two moves that
// may overlap instead of a loop over bytes.

#include <stdint.h>
#include <string.h>
#include <unistd.h>

namespace {

// Words that may lie anywhere and alias anything.
using word = uint64_t __attribute__((may_alias, aligned(1)));
using half = uint32_t __attribute__((may_alias, aligned(1)));
using quarter = uint16_t __attribute__((may_alias, aligned(1)));

constexpr size_t round_bytes = 8 * sizeof(word);

const word* words(const void* place) {
    return static_cast<const word*>(place);
}
word* words(void* place) {
    return static_cast<word*>(place);
}

/// Copies up to 16 bytes; all is read before anything is written, so overlap does not matter.
inline void copy_small(char* to, const char* from, size_t size) {
    if (size >= 8) {
        word first = *words(from);
        word last = *words(from + size - 8);
        *words(to) = first;
        *words(to + size - 8) = last;
    } else if (size >= 4) {
        half first = *reinterpret_cast<const half*>(from);
        half last = *reinterpret_cast<const half*>(from + size - 4);
        *reinterpret_cast<half*>(to) = first;
        *reinterpret_cast<half*>(to + size - 4) = last;
    } else if (size >= 2) {
        quarter first = *reinterpret_cast<const quarter*>(from);
        quarter last = *reinterpret_cast<const quarter*>(from + size - 2);
        *reinterpret_cast<quarter*>(to) = first;
        *reinterpret_cast<quarter*>(to + size - 2) = last;
    } else if (size == 1) {
        *to = *from;
    }
}

/// Moves 64 bytes; all is read before anything is written.
inline void copy_round(char* to, const char* from) {
    const word* source = words(from);
    word* target = words(to);
    word a = source[0], b = source[1], c = source[2], d = source[3];
    word e = source[4], f = source[5], g = source[6], h = source[7];
    target[0] = a, target[1] = b, target[2] = c, target[3] = d;
    target[4] = e, target[5] = f, target[6] = g, target[7] = h;
}

} // namespace

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
    auto* target = static_cast<char*>(to);
    auto* source = static_cast<const char*>(from);
    for (; size >= round_bytes; size -= round_bytes, target += round_bytes, source += round_bytes) {
        copy_round(target, source);
    }
    for (; size > 16; size -= 8, target += 8, source += 8) {
        *words(target) = *words(source);
    }
    copy_small(target, source, size);
    return to;
}

void* mempcpy(void* to, const void* from, size_t size) {
    return static_cast<char*>(memcpy(to, from, size)) + size;
}

void* memmove(void* to, const void* from, size_t size) {
    auto* target = static_cast<char*>(to);
    auto* source = static_cast<const char*>(from);
    if (reinterpret_cast<uintptr_t>(target) - reinterpret_cast<uintptr_t>(source) >= size) {
        return memcpy(to, from, size); // The target does not begin inside the source: forward is safe.
    }
    for (; size >= round_bytes; size -= round_bytes) {
        copy_round(target + size - round_bytes, source + size - round_bytes);
    }
    for (; size > 16; size -= 8) {
        *words(target + size - 8) = *words(source + size - 8);
    }
    copy_small(target, source, size);
    return to;
}

void* memset(void* to, int byte, size_t size) {
    auto* target = static_cast<char*>(to);
    word pattern = static_cast<uint8_t>(byte) * 0x0101010101010101ull;
    if (size < 8) {
        for (; size > 0; size--) {
            *target++ = static_cast<char>(byte);
        }
        return to;
    }
    char* last = target + size - 8;
    for (; size >= round_bytes; size -= round_bytes, target += round_bytes) {
        word* next = words(target);
        next[0] = pattern, next[1] = pattern, next[2] = pattern, next[3] = pattern;
        next[4] = pattern, next[5] = pattern, next[6] = pattern, next[7] = pattern;
    }
    for (; size > 8; size -= 8, target += 8) {
        *words(target) = pattern;
    }
    *words(last) = pattern;
    return to;
}

int memcmp(const void* left, const void* right, size_t size) {
    auto* a = static_cast<const unsigned char*>(left);
    auto* b = static_cast<const unsigned char*>(right);
    for (; size >= 8 && *words(a) == *words(b); size -= 8) {
        a += 8, b += 8;
    }
    for (; size > 0; size--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

void* memchr(const void* data, int byte, size_t size) {
    auto* next = static_cast<const unsigned char*>(data);
    for (; size > 0; size--, next++) {
        if (*next == static_cast<unsigned char>(byte)) {
            return const_cast<unsigned char*>(next);
        }
    }
    return nullptr;
}

void* memrchr(const void* data, int byte, size_t size) {
    auto* start = static_cast<const unsigned char*>(data);
    while (size > 0) {
        if (start[--size] == static_cast<unsigned char>(byte)) {
            return const_cast<unsigned char*>(start + size);
        }
    }
    return nullptr;
}

void* rawmemchr(const void* data, int byte) {
    return memchr(data, byte, SIZE_MAX);
}

void* memccpy(void* to, const void* from, int stop, size_t size) {
    const void* found = memchr(from, stop, size);
    if (found == nullptr) {
        memcpy(to, from, size);
        return nullptr;
    }
    return mempcpy(to, from,
                   static_cast<size_t>(static_cast<const char*>(found) - static_cast<const char*>(from)) + 1);
}

void* memmem(const void* data, size_t size, const void* part, size_t part_size) {
    if (part_size == 0) {
        return const_cast<void*>(data);
    }
    auto* place = static_cast<const char*>(data);
    auto* end = place + size;
    while (static_cast<size_t>(end - place) >= part_size) {
        size_t candidates = static_cast<size_t>(end - place) - part_size + 1;
        place = static_cast<const char*>(memchr(place, *static_cast<const char*>(part), candidates));
        if (place == nullptr) {
            return nullptr;
        }
        if (memcmp(place, part, part_size) == 0) {
            return const_cast<char*>(place);
        }
        place++;
    }
    return nullptr;
}

void explicit_bzero(void* to, size_t size) {
    memset(to, 0, size);
    asm volatile("" : : "r"(to) : "memory"); // The compiler must believe that somebody reads it.
}

int bcmp(const void* left, const void* right, size_t size) {
    return memcmp(left, right, size);
}
void bcopy(const void* from, void* to, size_t size) {
    memmove(to, from, size);
}
void bzero(void* to, size_t size) {
    memset(to, 0, size);
}

void swab(const void* from, void* to, ssize_t size) {
    auto* source = static_cast<const char*>(from);
    auto* target = static_cast<char*>(to);
    for (ssize_t i = 0; i + 1 < size; i += 2) {
        char first = source[i];
        target[i] = source[i + 1];
        target[i + 1] = first;
    }
}

} // extern "C"
