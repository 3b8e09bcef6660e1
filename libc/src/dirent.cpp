// Reading folders: a buffer of getdents64 records, handed out one by one.

#include "libc/src/internal/lock.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// getdents64 fills in what readdir returns, so both have one layout.
static_assert(offsetof(struct dirent, d_name) == offsetof(struct linux_dirent64, d_name));
static_assert(offsetof(struct dirent, d_type) == offsetof(struct linux_dirent64, d_type));

struct __directory {
    int fd;
    size_t next;
    size_t end;
    off_t place; // d_off of the entry handed out last
    libc::lock access;
    alignas(8) char records[2048];
};

extern "C" {

DIR* fdopendir(int fd) {
    auto* directory = static_cast<DIR*>(calloc(1, sizeof(DIR)));
    if (directory != nullptr) {
        directory->fd = fd;
    }
    return directory;
}

DIR* opendir(const char* path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return nullptr;
    }
    DIR* directory = fdopendir(fd);
    if (directory == nullptr) {
        close(fd);
        errno = ENOMEM;
    }
    return directory;
}

struct dirent* readdir(DIR* directory) {
    libc::guard hold(directory->access);
    if (directory->next >= directory->end) {
        long size = libc::call(SYS_getdents64, directory->fd, directory->records, sizeof directory->records);
        if (size <= 0) {
            if (size < 0 && size != -ENOENT) { // ENOENT: the folder was removed meanwhile.
                libc::check(size);
            }
            return nullptr;
        }
        directory->next = 0;
        directory->end = static_cast<size_t>(size);
    }
    auto* entry = reinterpret_cast<struct dirent*>(directory->records + directory->next);
    directory->next += entry->d_reclen;
    directory->place = entry->d_off;
    return entry;
}

void seekdir(DIR* directory, long place) {
    libc::guard hold(directory->access);
    lseek(directory->fd, place, SEEK_SET);
    directory->next = directory->end = 0;
    directory->place = place;
}
void rewinddir(DIR* directory) {
    seekdir(directory, 0);
}
long telldir(DIR* directory) {
    return directory->place;
}
int dirfd(DIR* directory) {
    return directory->fd;
}

int closedir(DIR* directory) {
    int result = close(directory->fd);
    free(directory);
    return result;
}

int alphasort(const struct dirent** left, const struct dirent** right) {
    return strcmp((*left)->d_name, (*right)->d_name);
}

int scandir(const char* path, struct dirent*** list, int (*select)(const struct dirent*),
            int (*compare)(const struct dirent**, const struct dirent**)) {
    DIR* directory = opendir(path);
    if (directory == nullptr) {
        return -1;
    }
    struct dirent** found = nullptr;
    size_t count = 0, room = 0;
    bool failed = false;
    while (struct dirent* entry = failed ? nullptr : readdir(directory)) {
        if (select != nullptr && select(entry) == 0) {
            continue;
        }
        if (count == room) {
            room = room * 2 + 16;
            auto** grown = static_cast<struct dirent**>(reallocarray(found, room, sizeof(struct dirent*)));
            failed = grown == nullptr;
            found = failed ? found : grown;
        }
        auto* copy = failed ? nullptr : static_cast<struct dirent*>(malloc(entry->d_reclen));
        failed = copy == nullptr;
        if (!failed) {
            found[count++] = static_cast<struct dirent*>(memcpy(copy, entry, entry->d_reclen));
        }
    }
    closedir(directory);
    if (failed) {
        while (count > 0) {
            free(found[--count]);
        }
        free(found);
        errno = ENOMEM;
        return -1;
    }
    if (compare != nullptr && count > 1) {
        qsort(found, count, sizeof *found, reinterpret_cast<int (*)(const void*, const void*)>(compare));
    }
    *list = found;
    return static_cast<int>(count);
}

} // extern "C"
