#pragma once
// Paths and whole trees, for the programs that copy, move and remove.

#include "user/program.hpp"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

/// The last component of a path.
inline const char* base_name(const char* path) {
    const char* slash = strrchr(path, '/');
    return slash != nullptr && slash[1] != '\0' ? slash + 1 : path;
}

/// Joins a folder and a name; false, with a message, when the result would be too long.
inline bool join_path(char (&result)[PATH_MAX], const char* folder, const char* name) {
    size_t length = strlen(folder);
    const char* slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    if (snprintf(result, sizeof result, "%s%s%s", folder, slash, name) >= PATH_MAX) {
        warnx("%s/%s: path too long", folder, name);
        return false;
    }
    return true;
}

inline bool is_folder(const char* path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/// Where FILE goes when the target is a folder: TARGET/FILE, otherwise TARGET itself.
inline bool target_path(char (&result)[PATH_MAX], const char* source, const char* target) {
    if (is_folder(target)) {
        return join_path(result, target, base_name(source));
    }
    return snprintf(result, sizeof result, "%s", target) < PATH_MAX;
}

/// Calls `visit(path)` for each entry of a folder but . and ..; false when the folder cannot be read or a
/// visit returned false. Entries may be removed meanwhile.
template <class Visit>
bool each_entry(const char* folder, Visit visit) {
    DIR* open = opendir(folder);
    if (open == nullptr) {
        warn("%s", folder);
        return false;
    }
    bool fine = true;
    while (struct dirent* entry = readdir(open)) {
        char path[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        fine = join_path(path, folder, entry->d_name) && visit(path) && fine;
    }
    closedir(open);
    return fine;
}

/// Removes a file or a whole tree, reporting what it cannot.
inline bool remove_tree(const char* path) {
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        bool emptied = each_entry(path, remove_tree);
        if (!emptied || rmdir(path) != 0) {
            if (emptied) {
                warn("%s", path);
            }
            return false;
        }
        return true;
    }
    if (unlink(path) != 0) {
        warn("%s", path);
        return false;
    }
    return true;
}
