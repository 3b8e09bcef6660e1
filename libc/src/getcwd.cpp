// Paths made absolute: getcwd() and realpath().

#include "libc/src/internal/syscall.hpp"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

constexpr int most_links = 40; // as many as Linux follows before ELOOP

/// A path under construction, never with a trailing slash except for the root itself.
struct absolute_path {
    char text[PATH_MAX];
    size_t length;

    void remove_last() {
        while (length > 1 && text[length - 1] != '/') {
            length--;
        }
        length -= length > 1;
        text[length] = '\0';
    }

    bool append(const char* name, size_t size) {
        bool separator = length > 1;
        if (length + separator + size + 1 > sizeof text) {
            return false;
        }
        if (separator) {
            text[length++] = '/';
        }
        memcpy(text + length, name, size);
        length += size;
        text[length] = '\0';
        return true;
    }

    void reset() {
        strcpy(text, "/");
        length = 1;
    }
};

/// Puts what a link says in front of the rest of the path; false when that is too long.
bool prepend(char* rest, const char* link, size_t link_size, const char* tail) {
    size_t tail_size = strlen(tail);
    if (link_size + 1 + tail_size + 1 > PATH_MAX) {
        return false;
    }
    memmove(rest + link_size + 1, tail, tail_size + 1);
    memcpy(rest, link, link_size);
    rest[link_size] = '/';
    return true;
}

/// Resolves `rest` onto `path`; 0 or an errno value.
int resolve(absolute_path& path, char* rest) {
    int links = 0;
    char buffer[PATH_MAX]; // the rest after a link was put in its place
    while (*(rest += strspn(rest, "/")) != '\0') {
        size_t size = strcspn(rest, "/");
        char* tail = rest + size;
        if ((size == 1 && rest[0] == '.') || (size == 2 && rest[0] == '.' && rest[1] == '.')) {
            if (size == 2) {
                path.remove_last();
            }
            rest = tail;
            continue;
        }
        if (!path.append(rest, size)) {
            return ENAMETOOLONG;
        }
        char link[PATH_MAX];
        long linked = libc::call(SYS_readlink, path.text, link, sizeof link);
        rest = tail;
        if (linked == -EINVAL) {
            continue; // Not a link.
        }
        if (linked < 0) {
            return static_cast<int>(-linked);
        }
        if (++links > most_links || !prepend(buffer, link, static_cast<size_t>(linked), tail)) {
            return links > most_links ? ELOOP : ENAMETOOLONG;
        }
        rest = buffer;
        link[0] == '/' ? path.reset() : path.remove_last();
    }
    return 0;
}

} // namespace

extern "C" {

char* getcwd(char* buffer, size_t size) {
    if (buffer != nullptr) {
        return libc::checked(SYS_getcwd, buffer, size) < 0 ? nullptr : buffer;
    }
    char path[PATH_MAX];
    return libc::checked(SYS_getcwd, path, sizeof path) < 0 ? nullptr : strdup(path);
}

char* realpath(const char* path, char* resolved) {
    absolute_path result;
    char rest[PATH_MAX];
    result.reset();
    int error = 0;
    if (*path == '\0') {
        error = ENOENT;
    } else if (strlcpy(rest, path, sizeof rest) >= sizeof rest) {
        error = ENAMETOOLONG;
    } else if (*path != '/') {
        error = libc::check(libc::call(SYS_getcwd, result.text, sizeof result.text)) < 0 ? errno : 0;
        result.length = strlen(result.text);
    }
    if (error == 0) {
        error = resolve(result, rest);
    }
    if (error != 0) {
        errno = error;
        return nullptr;
    }
    return resolved != nullptr ? strcpy(resolved, result.text) : strdup(result.text);
}

} // extern "C"
