#pragma once
// Copying a file or a tree: what cp does, and mv between file systems.

#include "user/path.hpp"

#include <fcntl.h>

inline bool copy_bytes(int from, int to) {
    static char buffer[65536];
    ssize_t count;
    while ((count = read(from, buffer, sizeof buffer)) > 0) {
        if (!write_all(to, buffer, static_cast<size_t>(count))) {
            return false;
        }
    }
    return count == 0;
}

/// Copies content and mode of one file; false after reporting why not.
inline bool copy_file(const char* source, const char* target, mode_t mode) {
    int from = open(source, O_RDONLY);
    if (from < 0) {
        warn("%s", source);
        return false;
    }
    struct stat a, b;
    if (fstat(from, &a) == 0 && stat(target, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino) {
        warnx("%s and %s are the same file", source, target);
        close(from);
        return false;
    }
    int to = open(target, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    bool copied = to >= 0 && copy_bytes(from, to);
    if (!copied) {
        warn("%s", target);
    }
    if (to >= 0 && close(to) != 0 && copied) {
        warn("%s", target);
        copied = false;
    }
    close(from);
    return copied;
}

/// Copies a file or a folder with all that is in it.
inline bool copy_tree(const char* source, const char* target) {
    struct stat status;
    if (stat(source, &status) != 0) {
        warn("%s", source);
        return false;
    }
    if (!S_ISDIR(status.st_mode)) {
        return copy_file(source, target, status.st_mode);
    }
    size_t length = strlen(source);
    if (strncmp(source, target, length) == 0 && (target[length] == '/' || target[length] == '\0')) {
        warnx("%s: cannot be copied into itself", source);
        return false;
    }
    if (mkdir(target, 0777) != 0 && errno != EEXIST) {
        warn("%s", target);
        return false;
    }
    return each_entry(source, [target](const char* path) {
        char copy[PATH_MAX];
        return join_path(copy, target, base_name(path)) && copy_tree(path, copy);
    });
}
