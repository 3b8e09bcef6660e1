// The shapes of quotes and expansions inside a word.

#include "user/sh/raw_word.hpp"
#include "user/sh/parser.hpp"

#include <string.h>

const char* skip_piece(const char* next) {
    if (*next == '\\') {
        return next + (next[1] != '\0' ? 2 : 1);
    }
    if (*next == '\'') {
        const char* close = strchr(next + 1, '\'');
        return close != nullptr ? close + 1 : next + strlen(next);
    }
    if (*next == '"' || *next == '`') {
        const char* scan = next + 1;
        while (*scan != '\0' && *scan != *next) {
            bool nested = *scan == '\\' || (*next == '"' && (*scan == '$' || *scan == '`'));
            scan = nested ? skip_piece(scan) : scan + 1;
        }
        return *scan != '\0' ? scan + 1 : scan;
    }
    if (*next == '$' && next[1] == '{') {
        const char* scan = next + 2;
        while (*scan != '\0' && *scan != '}') {
            scan = skip_piece(scan);
        }
        return *scan != '\0' ? scan + 1 : scan;
    }
    if (*next == '$' && next[1] == '(') {
        size_t length = substitution_length(next + 1);
        return next + 1 + (length > 0 ? length : strlen(next + 1));
    }
    return next + 1;
}

size_t arithmetic_length(const char* next) {
    int depth = 0;
    for (const char* scan = next; *scan != '\0'; scan++) {
        if (*scan == '(') {
            depth++;
        } else if (*scan == ')' && --depth == 1) {
            return scan[1] == ')' ? static_cast<size_t>(scan + 2 - next) : 0;
        }
    }
    return 0;
}

size_t parameter_length(const char* name) {
    size_t length = 0;
    while (is_name(name, length + 1)) {
        length++;
    }
    if (length == 0 && *name != '\0' && strchr("?#$!-@*0123456789", *name) != nullptr) {
        length = 1;
    }
    return length;
}
