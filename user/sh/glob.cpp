// Patterns (POSIX 2.13): * ? [set] with backslash as the escape, against strings and against the file system.

#include "user/sh/shell.hpp"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

namespace {

struct char_class {
    const char* name;
    int (*contains)(int);
};

constexpr char_class classes[] = {
    {"alpha", isalpha},   {"digit", isdigit}, {"alnum", isalnum}, {"upper", isupper},
    {"lower", islower},   {"space", isspace}, {"punct", ispunct}, {"print", isprint},
    {"xdigit", isxdigit}, {"cntrl", iscntrl}, {"graph", isgraph}, {"blank", isblank},
};

/// Matches `[:name:]` at `pattern` (its colon); advances past it when it is one.
bool match_class(const char*& pattern, int c) {
    for (const char_class& entry : classes) {
        size_t length = strlen(entry.name);
        if (strncmp(pattern + 1, entry.name, length) == 0 && strncmp(pattern + 1 + length, ":]", 2) == 0) {
            pattern += length + 3;
            return entry.contains(c) != 0;
        }
    }
    return false;
}

/// Matches a bracket expression that starts after `[`. Null when it never closes: then `[` is ordinary.
const char* match_bracket(const char* pattern, unsigned char c, bool& matched) {
    bool negated = *pattern == '!' || *pattern == '^';
    if (negated) {
        pattern++;
    }
    matched = false;
    for (bool first = true; *pattern != ']' || first; first = false) {
        if (pattern[0] == '[' && pattern[1] == ':') {
            const char* before = ++pattern;
            matched |= match_class(pattern, c);
            if (pattern != before) {
                continue;
            }
            pattern--;
        }
        if (*pattern == '\\' && pattern[1] != '\0') {
            pattern++;
        }
        if (*pattern == '\0') {
            return nullptr;
        }
        unsigned char low = static_cast<unsigned char>(*pattern++);
        unsigned char high = low;
        if (pattern[0] == '-' && pattern[1] != ']' && pattern[1] != '\0') {
            pattern += pattern[1] == '\\' && pattern[2] != '\0' ? 2 : 1;
            high = static_cast<unsigned char>(*pattern++);
        }
        matched |= low <= c && c <= high;
    }
    matched ^= negated;
    return pattern + 1;
}

/// Matches one pattern element against one character; the rest of the pattern, or null.
const char* match_one(const char* pattern, char c) {
    if (*pattern == '?') {
        return pattern + 1;
    }
    if (*pattern == '[') {
        bool matched = false;
        const char* rest = match_bracket(pattern + 1, static_cast<unsigned char>(c), matched);
        if (rest != nullptr) {
            return matched ? rest : nullptr;
        }
    }
    if (*pattern == '\\' && pattern[1] != '\0') {
        pattern++;
    }
    return *pattern == c ? pattern + 1 : nullptr;
}

/// Without its backslashes, a pattern free of special characters is a name.
void add_unescaped(text& to, const char* pattern, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (pattern[i] == '\\' && i + 1 < length) {
            i++;
        }
        to.add(pattern[i]);
    }
}

/// Extends `path` by the components of `pattern` in every way that exists.
void match_components(text& path, const char* pattern, list<char*>& fields) {
    while (*pattern == '/') {
        path.add(*pattern++);
    }
    size_t base = path.size();
    size_t length = strcspn(pattern, "/");
    bool last = pattern[length] == '\0';
    struct stat status;
    if (length == 0) {
        fields.add(scratch.copy(path.c_str(), base));
        return;
    }
    char* component = scratch.copy(pattern, length);
    if (!has_pattern(component)) {
        add_unescaped(path, component, length);
        if (!last) {
            match_components(path, pattern + length, fields);
        } else if (lstat(path.c_str(), &status) == 0) {
            fields.add(scratch.copy(path.c_str(), path.size()));
        }
        path.truncate(base);
        return;
    }
    DIR* directory = opendir(base == 0 ? "." : path.c_str());
    if (directory == nullptr) {
        return;
    }
    while (struct dirent* entry = readdir(directory)) {
        bool hidden = entry->d_name[0] == '.' && component[0] != '.';
        if (hidden || !matches(component, entry->d_name)) {
            continue;
        }
        path.add(entry->d_name);
        if (last) {
            fields.add(scratch.copy(path.c_str(), path.size()));
        } else if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
            match_components(path, pattern + length, fields);
        }
        path.truncate(base);
    }
    closedir(directory);
}

} // namespace

bool matches(const char* pattern, const char* string) {
    const char* star = nullptr; // after the last *, and where in the string to try it again
    const char* retry = nullptr;
    while (*string != '\0' || *pattern == '*') {
        if (*pattern == '*') {
            star = ++pattern;
            retry = string;
            continue;
        }
        const char* rest = *pattern != '\0' ? match_one(pattern, *string) : nullptr;
        if (rest != nullptr) {
            pattern = rest;
            string++;
        } else if (star != nullptr && *retry != '\0') {
            pattern = star;
            string = ++retry;
        } else {
            return false;
        }
    }
    return *pattern == '\0';
}

bool has_pattern(const char* pattern) {
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '\\' && pattern[1] != '\0') {
            pattern++;
        } else if (*pattern == '*' || *pattern == '?' ||
                   (*pattern == '[' && strchr(pattern, ']') != nullptr)) {
            return true; // a lone [ is no pattern: the command of that name must not read a directory
        }
    }
    return false;
}

bool add_matching_paths(const char* pattern, list<char*>& fields) {
    size_t before = fields.size();
    text path;
    match_components(path, pattern, fields);
    if (fields.size() == before) {
        return false;
    }
    qsort(fields.begin() + before, fields.size() - before, sizeof(char*), [](const void* a, const void* b) {
        return strcmp(*static_cast<char* const*>(a), *static_cast<char* const*>(b));
    });
    return true;
}
