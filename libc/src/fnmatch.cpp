// Matching names with patterns: * ? [set] and backslash (POSIX.1-2017 2.13).

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

namespace {

struct class_test {
    const char* name;
    int (*test)(int);
};

constexpr class_test classes[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
    {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
    {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

int fold(char character, int flags) {
    auto value = static_cast<unsigned char>(character);
    return (flags & FNM_CASEFOLD) != 0 ? tolower(value) : value;
}

/// "[:digit:]" at `pattern` (behind the first bracket): the place after it, or null if it is none.
const char* match_class(const char* pattern, int character, bool& found) {
    for (const class_test& each : classes) {
        size_t length = strlen(each.name);
        if (strncmp(pattern + 1, each.name, length) == 0 && strncmp(pattern + 1 + length, ":]", 2) == 0) {
            found |= each.test(character) != 0;
            return pattern + length + 3;
        }
    }
    return nullptr;
}

/// Matches a set whose opening bracket was passed. The place after it, or null when it is not closed.
const char* match_set(const char* pattern, char character, int flags, bool& matches) {
    bool inverted = *pattern == '!' || *pattern == '^';
    pattern += inverted;
    const char* start = pattern;
    bool found = false;
    int wanted = fold(character, flags);
    while (*pattern != ']' || pattern == start) {
        if (*pattern == '[' && pattern[1] == ':') {
            if (const char* after = match_class(pattern + 1, static_cast<unsigned char>(character), found)) {
                pattern = after;
                continue;
            }
        }
        if (*pattern == '\\' && (flags & FNM_NOESCAPE) == 0) {
            pattern++;
        }
        if (*pattern == '\0') {
            return nullptr;
        }
        int low = fold(*pattern++, flags);
        int high = low;
        if (*pattern == '-' && pattern[1] != ']' && pattern[1] != '\0') {
            pattern++;
            pattern += *pattern == '\\' && (flags & FNM_NOESCAPE) == 0;
            if (*pattern == '\0') {
                return nullptr;
            }
            high = fold(*pattern++, flags);
        }
        found |= low <= wanted && wanted <= high;
        if (*pattern == '\0') {
            return nullptr;
        }
    }
    matches = found != inverted;
    return pattern + 1;
}

/// Matches one element of the pattern that is no star against one character; the pattern after it, or null.
const char* match_one(const char* pattern, char character, int flags) {
    switch (*pattern) {
    case '?':
        return pattern + 1;
    case '[': {
        bool matches = false;
        const char* after = match_set(pattern + 1, character, flags, matches);
        if (after != nullptr) {
            return matches ? after : nullptr;
        }
        break; // Not closed: an ordinary bracket.
    }
    case '\\':
        if ((flags & FNM_NOESCAPE) == 0) {
            pattern++;
            if (*pattern == '\0') {
                return nullptr;
            }
        }
        break;
    default:
        break;
    }
    return fold(*pattern, flags) == fold(character, flags) ? pattern + 1 : nullptr;
}

/// Whether a character must be matched by itself and not by a wildcard.
bool is_special(const char* name, const char* start, int flags) {
    bool slash = (flags & FNM_PATHNAME) != 0 && *name == '/';
    bool leading = name == start || ((flags & FNM_PATHNAME) != 0 && name[-1] == '/');
    return slash || ((flags & FNM_PERIOD) != 0 && *name == '.' && leading);
}

bool is_wildcard(char character) {
    return character == '?' || character == '[';
}

} // namespace

extern "C" int fnmatch(const char* pattern, const char* name, int flags) {
    const char* start = name;
    const char* star = nullptr; // the pattern behind the last star, to try again with a longer match
    const char* star_name = nullptr;
    for (;;) {
        if (*pattern == '*') {
            if (is_special(name, start, flags) && *name == '.') {
                return FNM_NOMATCH;
            }
            star = ++pattern;
            star_name = name;
            continue;
        }
        if (*name == '\0' && *pattern == '\0') {
            return 0;
        }
        if (*pattern == '\0' && *name == '/' && (flags & FNM_LEADING_DIR) != 0) {
            return 0;
        }
        const char* next = nullptr;
        if (*name != '\0' && *pattern != '\0' && !(is_wildcard(*pattern) && is_special(name, start, flags))) {
            next = match_one(pattern, *name, flags);
        }
        if (next != nullptr) {
            if ((flags & FNM_PATHNAME) != 0 && *name == '/') {
                star = nullptr; // A star never matches across a slash.
            }
            pattern = next;
            name++;
            continue;
        }
        bool stuck =
            star == nullptr || *star_name == '\0' || ((flags & FNM_PATHNAME) != 0 && *star_name == '/');
        if (stuck) {
            return FNM_NOMATCH;
        }
        pattern = star;
        name = ++star_name;
    }
}
