// Paths that match a pattern: folder by folder, only those parts with wildcards are read.

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

namespace {

struct search {
    glob_t* result;
    int flags;
    int (*failed)(const char*, int);
    char path[PATH_MAX]; // what has been matched so far
};

bool has_wildcard(const char* text, size_t length) {
    return strcspn(text, "*?[\\") < length;
}

int add_path(search& state, const char* path) {
    glob_t& result = *state.result;
    size_t needed = result.gl_offs + result.gl_pathc + 2;
    auto** grown = static_cast<char**>(reallocarray(result.gl_pathv, needed, sizeof(char*)));
    if (grown == nullptr) {
        return GLOB_NOSPACE;
    }
    result.gl_pathv = grown;
    struct stat about;
    bool mark = (state.flags & GLOB_MARK) != 0 && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    auto* copy = static_cast<char*>(malloc(strlen(path) + 2));
    if (copy == nullptr) {
        return GLOB_NOSPACE;
    }
    strcpy(stpcpy(copy, path), mark ? "/" : "");
    grown[result.gl_offs + result.gl_pathc++] = copy;
    grown[result.gl_offs + result.gl_pathc] = nullptr;
    return 0;
}

int expand(search& state, size_t length, const char* pattern);

/// Goes on with `name` appended to the path.
int descend(search& state, size_t length, const char* name, size_t name_length, const char* rest) {
    size_t slashes = strspn(rest, "/");
    if (length + name_length + slashes + 1 > sizeof state.path) {
        return 0;
    }
    memcpy(state.path + length, name, name_length);
    memcpy(state.path + length + name_length, rest, slashes);
    length += name_length + slashes;
    state.path[length] = '\0';
    struct stat about;
    if (lstat(state.path, &about) != 0) {
        return 0;
    }
    return rest[slashes] == '\0' ? add_path(state, state.path) : expand(state, length, rest + slashes);
}

/// Expands the first part of `pattern` below the first `length` bytes of the path.
int expand(search& state, size_t length, const char* pattern) {
    size_t part = strcspn(pattern, "/");
    if (!has_wildcard(pattern, part)) {
        return descend(state, length, pattern, part, pattern + part);
    }
    char wanted[NAME_MAX + 1];
    if (part >= sizeof wanted) {
        return 0;
    }
    memcpy(wanted, pattern, part);
    wanted[part] = '\0';
    state.path[length] = '\0';
    DIR* directory = opendir(length > 0 ? state.path : ".");
    if (directory == nullptr) {
        bool stop = state.failed != nullptr && state.failed(length > 0 ? state.path : ".", errno) != 0;
        return stop || (state.flags & GLOB_ERR) != 0 ? GLOB_ABORTED : 0;
    }
    int flags = ((state.flags & GLOB_NOESCAPE) != 0 ? FNM_NOESCAPE : 0) |
                ((state.flags & GLOB_PERIOD) != 0 ? 0 : FNM_PERIOD);
    int error = 0;
    while (struct dirent* entry = error == 0 ? readdir(directory) : nullptr) {
        if (fnmatch(wanted, entry->d_name, flags) == 0) {
            error = descend(state, length, entry->d_name, strlen(entry->d_name), pattern + part);
        }
    }
    closedir(directory);
    return error;
}

int compare_paths(const void* left, const void* right) {
    return strcmp(*static_cast<char* const*>(left), *static_cast<char* const*>(right));
}

} // namespace

extern "C" {

int glob(const char* pattern, int flags, int (*failed)(const char* path, int error), glob_t* result) {
    if ((flags & GLOB_APPEND) == 0) {
        result->gl_pathc = 0;
        result->gl_pathv = nullptr;
        result->gl_offs = (flags & GLOB_DOOFFS) != 0 ? result->gl_offs : 0;
    }
    size_t before = result->gl_pathc;
    search state = {result, flags, failed, ""};
    size_t root = strspn(pattern, "/");
    if (root >= sizeof state.path) {
        return GLOB_NOMATCH;
    }
    memcpy(state.path, pattern, root);
    state.path[root] = '\0';
    int error = *pattern == '\0'        ? 0
                : pattern[root] == '\0' ? add_path(state, state.path)
                                        : expand(state, root, pattern + root);
    if (error == 0 && result->gl_pathc == before) {
        error = (flags & GLOB_NOCHECK) != 0 ? add_path(state, pattern) : GLOB_NOMATCH;
    }
    if (error == 0 && (flags & GLOB_NOSORT) == 0) {
        qsort(result->gl_pathv + result->gl_offs + before, result->gl_pathc - before, sizeof(char*),
              compare_paths);
    }
    for (size_t i = 0; before == 0 && result->gl_pathv != nullptr && i < result->gl_offs; i++) {
        result->gl_pathv[i] = nullptr;
    }
    return error;
}

void globfree(glob_t* result) {
    for (size_t i = 0; result->gl_pathv != nullptr && i < result->gl_pathc; i++) {
        free(result->gl_pathv[result->gl_offs + i]);
    }
    free(result->gl_pathv);
    result->gl_pathv = nullptr;
    result->gl_pathc = 0;
}

} // extern "C"
