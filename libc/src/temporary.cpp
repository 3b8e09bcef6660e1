// Temporary files and names.

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr int most_attempts = 100;

/// The six X at the end of a template, or null with EINVAL.
char* find_placeholder(char* name) {
    size_t length = strlen(name);
    if (length < 6 || strcmp(name + length - 6, "XXXXXX") != 0) {
        errno = EINVAL;
        return nullptr;
    }
    return name + length - 6;
}

void fill_placeholder(char* place) {
    static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (int i = 0; i < 6; i++) {
        place[i] = letters[arc4random_uniform(62)];
    }
}

/// Fills in names until `make` succeeds or fails for another reason than EEXIST; its result.
template <typename F>
int try_names(char* name, F make) {
    char* place = find_placeholder(name);
    if (place == nullptr) {
        return -1;
    }
    for (int attempt = 0; attempt < most_attempts; attempt++) {
        fill_placeholder(place);
        int result = make(name);
        if (result >= 0 || errno != EEXIST) {
            return result;
        }
    }
    return -1;
}

} // namespace

extern "C" {

int mkostemp(char* name, int flags) {
    return try_names(name,
                     [=](const char* path) { return open(path, O_RDWR | O_CREAT | O_EXCL | flags, 0600); });
}
int mkstemp(char* name) {
    return mkostemp(name, 0);
}
char* mkdtemp(char* name) {
    return try_names(name, [](const char* path) { return mkdir(path, 0700); }) < 0 ? nullptr : name;
}
char* mktemp(char* name) {
    int made = try_names(name, [](const char* path) {
        struct stat about;
        if (lstat(path, &about) == 0) {
            errno = EEXIST;
            return -1;
        }
        return errno == ENOENT ? 0 : -1;
    });
    if (made < 0) {
        *name = '\0';
    }
    return name;
}

FILE* tmpfile(void) {
    char name[] = P_tmpdir "/tmpXXXXXX";
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        return nullptr;
    }
    unlink(name);
    FILE* file = fdopen(fd, "w+");
    if (file == nullptr) {
        close(fd);
    }
    return file;
}

char* tmpnam(char* name) {
    static char own[L_tmpnam];
    char* result = strcpy(name != nullptr ? name : own, P_tmpdir "/tmpXXXXXX");
    return *mktemp(result) != '\0' ? result : nullptr;
}

} // extern "C"
