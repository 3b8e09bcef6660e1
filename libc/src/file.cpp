// The engine of stdio: buffers, and the list of open files. Its interface is internal/file.hpp; the functions
// of <stdio.h> around it are in file_open.cpp, file_io.cpp and file_seek.cpp.
//
// Buffers are made when first needed, so a program that only prints never allocates one for stdin. Standard
// output decides at its first byte whether it is a terminal and thus written line by line. Asking the
// terminal for input first writes a line-buffered stdout, so prompts appear.

#include "libc/src/internal/file.hpp"
#include "libc/src/internal/thread.hpp"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace libc {

namespace {

constexpr size_t standard_bytes = pushback_bytes + BUFSIZ;
char input_buffer[standard_bytes];
char output_buffer[standard_bytes];

ssize_t read_descriptor(FILE& file, char* buffer, size_t size) {
    return read(file.fd, buffer, size);
}
ssize_t write_descriptor(FILE& file, const char* data, size_t size) {
    return write(file.fd, data, size);
}
off_t seek_descriptor(FILE& file, off_t offset, int whence) {
    return lseek(file.fd, offset, whence);
}
int close_descriptor(FILE& file) {
    return close(file.fd);
}

} // namespace

constinit const file_operations descriptor_operations = {
    .read = read_descriptor,
    .write = write_descriptor,
    .seek = seek_descriptor,
    .close = close_descriptor,
};

namespace {

__file standard_input = {.operations = &descriptor_operations, .fd = 0, .readable = true, .permanent = true};
__file standard_output = {.operations = &descriptor_operations, .fd = 1, .writable = true, .permanent = true};
__file standard_error = {.operations = &descriptor_operations,
                         .fd = 2,
                         .writable = true,
                         .permanent = true,
                         .mode = buffering::none};

/// Gives the file a buffer and decides how it is used. Without memory the file goes unbuffered.
void prepare_buffer(FILE& file) {
    if (file.mode == buffering::undecided) {
        file.mode = file.fd >= 0 && isatty(file.fd) ? buffering::line : buffering::full;
    }
    if (file.buffer != nullptr) {
        return;
    }
    file.capacity = BUFSIZ;
    if (&file == &standard_input) {
        file.buffer = input_buffer;
    } else if (&file == &standard_output) {
        file.buffer = output_buffer;
    } else {
        file.buffer = static_cast<char*>(malloc(standard_bytes));
        file.own_buffer = file.buffer != nullptr;
    }
}

/// Writes all of `data` at once; false with errno.
bool write_through(FILE& file, const char* data, size_t size) {
    while (size > 0) {
        ssize_t written = file.operations->write(file, data, size);
        if (written < 0) {
            file.failed = true;
            return false;
        }
        data += written;
        size -= static_cast<size_t>(written);
    }
    return true;
}

bool refuse(FILE& file) {
    errno = EBADF;
    file.failed = true;
    return false;
}

} // namespace

bool flush(FILE& file) {
    if (file.now != direction::writing || file.end == 0) {
        return true;
    }
    size_t size = file.end;
    file.end = 0;
    return write_through(file, file.buffer, size);
}

bool drop_input(FILE& file) {
    if (file.now != direction::reading) {
        return true;
    }
    auto ahead = static_cast<off_t>(file.end - file.next);
    file.next = file.end = 0;
    file.now = direction::none;
    return ahead == 0 || file.operations->seek == nullptr ||
           file.operations->seek(file, -ahead, SEEK_CUR) >= 0 || errno == ESPIPE;
}

bool begin_reading(FILE& file) {
    if (file.now == direction::reading) {
        return true;
    }
    if (!file.readable || file.operations->read == nullptr) {
        return refuse(file);
    }
    if (!flush(file)) {
        return false;
    }
    prepare_buffer(file);
    if (file.buffer == nullptr) {
        return refuse(file);
    }
    file.next = file.end = pushback_bytes;
    file.now = direction::reading;
    return true;
}

bool begin_writing(FILE& file) {
    if (file.now == direction::writing) {
        return true;
    }
    if (!file.writable || file.operations->write == nullptr) {
        return refuse(file);
    }
    drop_input(file);
    if (file.mode != buffering::none) {
        prepare_buffer(file);
    }
    file.next = file.end = 0;
    file.now = direction::writing;
    return true;
}

bool fill(FILE& file) {
    if (!begin_reading(file)) {
        return false;
    }
    if (file.mode != buffering::full && &file != &standard_output &&
        standard_output.mode == buffering::line) {
        fflush(&standard_output);
    }
    ssize_t size = file.operations->read(file, file.buffer + pushback_bytes, file.capacity);
    file.next = file.end = pushback_bytes;
    if (size <= 0) {
        (size == 0 ? file.at_end : file.failed) = true;
        return false;
    }
    file.end += static_cast<size_t>(size);
    return true;
}

int get(FILE& file) {
    if (file.now == direction::reading && file.next < file.end) {
        return static_cast<unsigned char>(file.buffer[file.next++]);
    }
    return fill(file) ? static_cast<unsigned char>(file.buffer[file.next++]) : EOF;
}

bool unget(FILE& file, char byte) {
    if (!begin_reading(file) || file.next == 0) {
        return false;
    }
    file.buffer[--file.next] = byte;
    file.at_end = false;
    return true;
}

size_t put(FILE& file, const char* data, size_t size) {
    if (size == 0 || !begin_writing(file)) {
        return 0;
    }
    if (file.buffer == nullptr || file.mode == buffering::none) {
        return write_through(file, data, size) ? size : 0;
    }
    if (size > file.capacity - file.end && !flush(file)) {
        return 0;
    }
    if (size >= file.capacity) {
        return write_through(file, data, size) ? size : 0;
    }
    memcpy(file.buffer + file.end, data, size);
    file.end += size;
    bool newline = file.mode == buffering::line && memrchr(data, '\n', size) != nullptr;
    return newline && !flush(file) ? 0 : size;
}

} // namespace libc

extern "C" {

constinit FILE* const stdin = &libc::standard_input;
constinit FILE* const stdout = &libc::standard_output;
constinit FILE* const stderr = &libc::standard_error;

void flockfile(FILE* file) {
    int self = libc::this_thread()->id;
    if (__atomic_load_n(&file->owner, __ATOMIC_RELAXED) != self) {
        file->access.acquire();
        __atomic_store_n(&file->owner, self, __ATOMIC_RELAXED);
    }
    file->depth++;
}

int ftrylockfile(FILE* file) {
    int self = libc::this_thread()->id;
    if (__atomic_load_n(&file->owner, __ATOMIC_RELAXED) != self) {
        if (!file->access.try_acquire()) {
            return -1;
        }
        __atomic_store_n(&file->owner, self, __ATOMIC_RELAXED);
    }
    file->depth++;
    return 0;
}

void funlockfile(FILE* file) {
    if (--file->depth == 0) {
        __atomic_store_n(&file->owner, 0, __ATOMIC_RELAXED);
        file->access.release();
    }
}

} // extern "C"
