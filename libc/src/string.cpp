// Strings: measuring, copying, comparing, searching and cutting. The memory half of <string.h> is in
// memory_blocks.cpp, the messages of strerror() and strsignal() in messages.cpp.

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace {

using aligned_word = uint64_t __attribute__((may_alias));

constexpr uint64_t low_bits = 0x0101010101010101;
constexpr uint64_t high_bits = 0x8080808080808080;

/// Whether one of the word's bytes is zero (Mycroft's test).
bool has_zero(uint64_t word) {
    return ((word - low_bits) & ~word & high_bits) != 0;
}

/// A set of characters, one bit each.
struct character_set {
    uint64_t bits[4] = {};

    explicit character_set(const char* members) {
        for (; *members != '\0'; members++) {
            auto value = static_cast<unsigned char>(*members);
            bits[value / 64] |= 1ull << (value % 64);
        }
    }
    bool has(char character) const {
        auto value = static_cast<unsigned char>(character);
        return (bits[value / 64] >> (value % 64) & 1) != 0;
    }
};

int lower(char character) {
    return tolower(static_cast<unsigned char>(character));
}

} // namespace

extern "C" {

size_t strlen(const char* text) {
    const char* next = text;
    for (; reinterpret_cast<uintptr_t>(next) % 8 != 0; next++) {
        if (*next == '\0') {
            return static_cast<size_t>(next - text);
        }
    }
    // Aligned words never cross into a page the string does not touch.
    auto* word = reinterpret_cast<const aligned_word*>(next);
    while (!has_zero(*word)) {
        word++;
    }
    next = reinterpret_cast<const char*>(word);
    while (*next != '\0') {
        next++;
    }
    return static_cast<size_t>(next - text);
}

size_t strnlen(const char* text, size_t limit) {
    auto* end = static_cast<const char*>(memchr(text, '\0', limit));
    return end != nullptr ? static_cast<size_t>(end - text) : limit;
}

char* strcpy(char* to, const char* from) {
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char* stpcpy(char* to, const char* from) {
    size_t length = strlen(from);
    memcpy(to, from, length + 1);
    return to + length;
}

char* stpncpy(char* to, const char* from, size_t size) {
    size_t length = strnlen(from, size);
    memcpy(to, from, length);
    memset(to + length, 0, size - length);
    return to + length;
}

char* strncpy(char* to, const char* from, size_t size) {
    stpncpy(to, from, size);
    return to;
}

size_t strlcpy(char* to, const char* from, size_t size) {
    size_t length = strlen(from);
    if (size > 0) {
        size_t copied = length < size ? length : size - 1;
        memcpy(to, from, copied);
        to[copied] = '\0';
    }
    return length;
}

char* strcat(char* to, const char* from) {
    strcpy(to + strlen(to), from);
    return to;
}

char* strncat(char* to, const char* from, size_t size) {
    char* end = to + strlen(to);
    size_t length = strnlen(from, size);
    memcpy(end, from, length);
    end[length] = '\0';
    return to;
}

size_t strlcat(char* to, const char* from, size_t size) {
    size_t used = strnlen(to, size);
    return used + strlcpy(to + used, from, size - used);
}

int strcmp(const char* left, const char* right) {
    while (*left != '\0' && *left == *right) {
        left++, right++;
    }
    return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
}

int strncmp(const char* left, const char* right, size_t size) {
    for (; size > 0; size--, left++, right++) {
        if (*left != *right || *left == '\0') {
            return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
        }
    }
    return 0;
}

int strcasecmp(const char* left, const char* right) {
    return strncasecmp(left, right, SIZE_MAX);
}

int strncasecmp(const char* left, const char* right, size_t size) {
    for (; size > 0; size--, left++, right++) {
        if (lower(*left) != lower(*right) || *left == '\0') {
            return lower(*left) - lower(*right);
        }
    }
    return 0;
}

int strcoll(const char* left, const char* right) {
    return strcmp(left, right);
}
size_t strxfrm(char* to, const char* from, size_t size) {
    return strlcpy(to, from, size);
}

int strverscmp(const char* left, const char* right) {
    while (*left != '\0' && *right != '\0') {
        if (isdigit(static_cast<unsigned char>(*left)) && isdigit(static_cast<unsigned char>(*right))) {
            char* left_end;
            char* right_end;
            unsigned long a = strtoul(left, &left_end, 10);
            unsigned long b = strtoul(right, &right_end, 10);
            if (a != b) {
                return a < b ? -1 : 1;
            }
            left = left_end, right = right_end;
        } else if (*left != *right) {
            break;
        } else {
            left++, right++;
        }
    }
    return static_cast<unsigned char>(*left) - static_cast<unsigned char>(*right);
}

char* strchrnul(const char* text, int character) {
    while (*text != '\0' && *text != static_cast<char>(character)) {
        text++;
    }
    return const_cast<char*>(text);
}

char* strchr(const char* text, int character) {
    char* found = strchrnul(text, character);
    return *found == static_cast<char>(character) ? found : nullptr;
}

char* strrchr(const char* text, int character) {
    return static_cast<char*>(memrchr(text, character, strlen(text) + 1));
}

char* index(const char* text, int character) {
    return strchr(text, character);
}
char* rindex(const char* text, int character) {
    return strrchr(text, character);
}

char* strstr(const char* text, const char* part) {
    return static_cast<char*>(memmem(text, strlen(text), part, strlen(part)));
}

char* strcasestr(const char* text, const char* part) {
    size_t length = strlen(part);
    for (; strncasecmp(text, part, length) != 0; text++) {
        if (*text == '\0') {
            return nullptr;
        }
    }
    return const_cast<char*>(text);
}

size_t strspn(const char* text, const char* set) {
    character_set members(set);
    size_t length = 0;
    while (text[length] != '\0' && members.has(text[length])) {
        length++;
    }
    return length;
}

size_t strcspn(const char* text, const char* set) {
    character_set members(set);
    size_t length = 0;
    while (text[length] != '\0' && !members.has(text[length])) {
        length++;
    }
    return length;
}

char* strpbrk(const char* text, const char* set) {
    text += strcspn(text, set);
    return *text != '\0' ? const_cast<char*>(text) : nullptr;
}

char* strsep(char** text, const char* delimiters) {
    char* field = *text;
    if (field == nullptr) {
        return nullptr;
    }
    char* end = field + strcspn(field, delimiters);
    *text = *end != '\0' ? end + 1 : nullptr;
    *end = '\0';
    return field;
}

char* strtok_r(char* text, const char* delimiters, char** rest) {
    char* piece = text != nullptr ? text : *rest;
    if (piece == nullptr) {
        return nullptr;
    }
    piece += strspn(piece, delimiters);
    *rest = piece;
    return *piece != '\0' ? strsep(rest, delimiters) : nullptr;
}

char* strtok(char* text, const char* delimiters) {
    static char* rest;
    return strtok_r(text, delimiters, &rest);
}

char* strdup(const char* text) {
    return strndup(text, SIZE_MAX);
}

char* strndup(const char* text, size_t size) {
    size_t length = size == SIZE_MAX ? strlen(text) : strnlen(text, size);
    auto* copy = static_cast<char*>(malloc(length + 1));
    if (copy != nullptr) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char* basename(const char* path) {
    const char* slash = strrchr(path, '/');
    return const_cast<char*>(slash != nullptr ? slash + 1 : path);
}

int ffs(int value) {
    return __builtin_ffs(value);
}
int ffsl(long value) {
    return __builtin_ffsl(value);
}

} // extern "C"
