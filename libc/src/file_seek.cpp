// Offsets of FILEs. The kernel's offset is ahead of the program's while input is buffered and behind it while
// output is.

#include "libc/src/internal/file.hpp"

#include <errno.h>

namespace {

off_t seek(FILE& file, off_t offset, int whence) {
    if (file.operations->seek == nullptr) {
        errno = ESPIPE;
        return -1;
    }
    return file.operations->seek(file, offset, whence);
}

} // namespace

extern "C" {

int fseeko(FILE* file, off_t offset, int whence) {
    libc::file_guard hold(file);
    if (!libc::flush(*file)) {
        return -1;
    }
    if (whence == SEEK_CUR && file->now == libc::direction::reading) {
        offset -= static_cast<off_t>(file->end - file->next);
    }
    if (seek(*file, offset, whence) < 0) {
        return -1;
    }
    file->next = file->end = 0;
    file->now = libc::direction::none;
    file->at_end = false;
    return 0;
}

off_t ftello(FILE* file) {
    libc::file_guard hold(file);
    off_t offset = seek(*file, 0, SEEK_CUR);
    if (offset < 0) {
        return -1;
    }
    auto buffered = static_cast<off_t>(file->end - file->next);
    return file->now == libc::direction::reading ? offset - buffered : offset + buffered;
}

int fseek(FILE* file, long offset, int whence) {
    return fseeko(file, offset, whence);
}
long ftell(FILE* file) {
    return ftello(file);
}

void rewind(FILE* file) {
    fseeko(file, 0, SEEK_SET);
    clearerr(file);
}

int fgetpos(FILE* file, fpos_t* position) {
    *position = ftello(file);
    return *position < 0 ? -1 : 0;
}

int fsetpos(FILE* file, const fpos_t* position) {
    return fseeko(file, *position, SEEK_SET);
}

} // extern "C"
