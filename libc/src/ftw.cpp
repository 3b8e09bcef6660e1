// Walking trees of folders, depth first.

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>

namespace {

using visitor = int (*)(const char*, const struct stat*, int, struct FTW*);

struct walk {
    visitor visit;
    int flags;
    char path[PATH_MAX];
};

int walk_folder(walk& state, size_t length, const struct stat& about, struct FTW place);

/// Visits what the path names, and what is below it.
int walk_path(walk& state, size_t length, struct FTW place) {
    struct stat about = {};
    bool follow = (state.flags & FTW_PHYS) == 0;
    bool exists = (follow ? stat : lstat)(state.path, &about) == 0;
    if (!exists && follow && lstat(state.path, &about) == 0) {
        return state.visit(state.path, &about, FTW_SL, &place); // A link to nothing.
    }
    if (!exists) {
        return errno == EACCES ? state.visit(state.path, &about, FTW_NS, &place) : -1;
    }
    if (!S_ISDIR(about.st_mode)) {
        return state.visit(state.path, &about, S_ISLNK(about.st_mode) ? FTW_SL : FTW_F, &place);
    }
    return walk_folder(state, length, about, place);
}

int walk_folder(walk& state, size_t length, const struct stat& about, struct FTW place) {
    DIR* directory = opendir(state.path);
    if (directory == nullptr) {
        return state.visit(state.path, &about, FTW_DNR, &place);
    }
    bool after = (state.flags & FTW_DEPTH) != 0;
    int result = after ? 0 : state.visit(state.path, &about, FTW_D, &place);
    while (struct dirent* entry = result == 0 ? readdir(directory) : nullptr) {
        size_t name_length = strlen(entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (length + name_length + 2 > sizeof state.path) {
            errno = ENAMETOOLONG;
            result = -1;
            break;
        }
        bool slash = length > 0 && state.path[length - 1] != '/';
        strcpy(stpcpy(state.path + length, slash ? "/" : ""), entry->d_name);
        result = walk_path(state, length + slash + name_length,
                           {static_cast<int>(length + slash), place.level + 1});
        state.path[length] = '\0';
    }
    closedir(directory);
    return result == 0 && after ? state.visit(state.path, &about, FTW_DP, &place) : result;
}

} // namespace

extern "C" {

int nftw(const char* path, visitor visit, int, int flags) {
    walk state = {visit, flags, ""};
    size_t length = strlcpy(state.path, path, sizeof state.path);
    if (length >= sizeof state.path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const char* slash = strrchr(path, '/');
    return walk_path(state, length, {slash != nullptr ? static_cast<int>(slash - path) + 1 : 0, 0});
}

int ftw(const char* path, int (*visit)(const char*, const struct stat*, int), int descriptors) {
    static thread_local int (*simple)(const char*, const struct stat*, int);
    simple = visit;
    auto adapt = [](const char* each, const struct stat* about, int kind, struct FTW*) {
        return simple(each, about, kind);
    };
    return nftw(path, adapt, descriptors, 0);
}

} // extern "C"
