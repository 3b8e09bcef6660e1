// Opening, closing and flushing FILEs, and the list of open ones.

#include "libc/src/internal/file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace libc {

namespace {

lock list_lock;
FILE* newest; // Those from fopen() and its kin; the three standard ones are not on the list.

void unlist(FILE* file) {
    guard hold(list_lock);
    (file->newer != nullptr ? file->newer->older : newest) = file->older;
    if (file->older != nullptr) {
        file->older->newer = file->newer;
    }
}

/// Writes what is buffered or returns what was read ahead, then closes. 0 or EOF with errno.
int finish(FILE* file) {
    bool written = flush(*file);
    drop_input(*file);
    int saved = errno;
    bool closed = file->operations->close == nullptr || file->operations->close(*file) == 0;
    if (!written) {
        errno = saved;
    }
    if (file->own_buffer) {
        free(file->buffer);
    }
    return written && closed ? 0 : EOF;
}

int flush_file(FILE* file) {
    file_guard hold(file);
    if (file->now == direction::reading) {
        return drop_input(*file) ? 0 : EOF;
    }
    return flush(*file) ? 0 : EOF;
}

constexpr int most_tries = 100;

void flush_unless_held(FILE* file) {
    for (int attempt = 0; attempt < most_tries; attempt++) {
        if (ftrylockfile(file) == 0) {
            flush_file(file);
            funlockfile(file);
            return;
        }
        sched_yield();
    }
}

} // namespace

int open_flags(const char* mode) {
    int flags = 0;
    bool update = strchr(mode, '+') != nullptr;
    switch (*mode) {
    case 'r':
        flags = update ? O_RDWR : O_RDONLY;
        break;
    case 'w':
        flags = (update ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
        break;
    case 'a':
        flags = (update ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
        break;
    default:
        errno = EINVAL;
        return -1;
    }
    flags |= strchr(mode, 'e') != nullptr ? O_CLOEXEC : 0;
    flags |= strchr(mode, 'x') != nullptr ? O_EXCL : 0;
    return flags;
}

FILE* new_file(const file_operations& operations, int fd, const char* mode) {
    auto* file = static_cast<FILE*>(calloc(1, sizeof(FILE)));
    if (file == nullptr) {
        return nullptr;
    }
    bool update = strchr(mode, '+') != nullptr;
    file->operations = &operations;
    file->fd = fd;
    file->readable = *mode == 'r' || update;
    file->writable = *mode != 'r' || update;
    guard hold(list_lock);
    file->older = newest;
    if (newest != nullptr) {
        newest->newer = file;
    }
    newest = file;
    return file;
}

} // namespace libc

extern "C" {

FILE* fopen(const char* path, const char* mode) {
    int flags = libc::open_flags(mode);
    if (flags < 0) {
        return nullptr;
    }
    int fd = open(path, flags, 0666);
    if (fd < 0) {
        return nullptr;
    }
    FILE* file = libc::new_file(libc::descriptor_operations, fd, mode);
    if (file == nullptr) {
        close(fd);
        errno = ENOMEM;
    }
    return file;
}

FILE* fdopen(int fd, const char* mode) {
    int flags = libc::open_flags(mode);
    int current = fcntl(fd, F_GETFL);
    if (flags < 0 || current < 0) {
        return nullptr;
    }
    int access = current & O_ACCMODE;
    if (access != O_RDWR && access != (flags & O_ACCMODE)) {
        errno = EINVAL;
        return nullptr;
    }
    if ((flags & O_APPEND) != 0 && (current & O_APPEND) == 0) {
        fcntl(fd, F_SETFL, current | O_APPEND);
    }
    if ((flags & O_CLOEXEC) != 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return libc::new_file(libc::descriptor_operations, fd, mode);
}

FILE* freopen(const char* path, const char* mode, FILE* file) {
    int flags = libc::open_flags(mode);
    libc::file_guard hold(file);
    libc::flush(*file);
    libc::drop_input(*file);
    int fd = flags < 0 || path == nullptr ? -1 : open(path, flags, 0666);
    if (fd < 0) {
        return nullptr;
    }
    if (file->fd >= 0 && fd != file->fd) { // The old number stays, so that 0, 1 and 2 do.
        int moved = dup3(fd, file->fd, flags & O_CLOEXEC);
        close(fd);
        if (moved < 0) {
            return nullptr;
        }
        fd = moved;
    }
    file->operations = &libc::descriptor_operations;
    file->fd = fd;
    file->readable = (flags & O_ACCMODE) != O_WRONLY;
    file->writable = (flags & O_ACCMODE) != O_RDONLY;
    file->now = libc::direction::none;
    file->at_end = file->failed = false;
    return file;
}

int fclose(FILE* file) {
    if (file->permanent) {
        libc::file_guard hold(file);
        int result = libc::finish(file);
        file->readable = file->writable = file->own_buffer = false;
        file->now = libc::direction::none;
        return result;
    }
    libc::unlist(file);
    flockfile(file);
    int result = libc::finish(file);
    free(file);
    return result;
}

int fcloseall(void) {
    return fflush(nullptr);
}

int fflush(FILE* file) {
    if (file != nullptr) {
        return libc::flush_file(file);
    }
    libc::guard hold(libc::list_lock);
    int result = 0;
    for (FILE* each = libc::newest; each != nullptr; each = each->older) {
        result |= libc::flush_file(each);
    }
    return result | libc::flush_file(stdout);
}

/// Called by exit(). A file that another thread holds, perhaps forever in a read, is left alone after a
/// while.
void libc_flush_files() {
    libc::flush_unless_held(stdout);
    libc::flush_unless_held(stdin);
    for (FILE* each = libc::newest; each != nullptr; each = each->older) {
        libc::flush_unless_held(each);
    }
}

int fileno(FILE* file) {
    if (file->fd < 0) {
        errno = EBADF;
    }
    return file->fd;
}

int setvbuf(FILE* file, char* buffer, int mode, size_t size) {
    libc::file_guard hold(file);
    if (mode != _IOFBF && mode != _IOLBF && mode != _IONBF) {
        errno = EINVAL;
        return -1;
    }
    libc::flush(*file);
    file->mode = mode == _IONBF   ? libc::buffering::none
                 : mode == _IOLBF ? libc::buffering::line
                                  : libc::buffering::full;
    if (buffer != nullptr && size > 2 * libc::pushback_bytes && file->now == libc::direction::none) {
        file->buffer = buffer;
        file->capacity = size - libc::pushback_bytes;
    }
    return 0;
}

void setbuffer(FILE* file, char* buffer, size_t size) {
    setvbuf(file, buffer, buffer != nullptr ? _IOFBF : _IONBF, size);
}
void setbuf(FILE* file, char* buffer) {
    setbuffer(file, buffer, BUFSIZ);
}
void setlinebuf(FILE* file) {
    setvbuf(file, nullptr, _IOLBF, 0);
}

} // extern "C"
