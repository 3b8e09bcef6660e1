// The printf family: one formatter (format.cpp), five kinds of places for its text.

#include "libc/src/internal/file.hpp"
#include "libc/src/internal/format.hpp"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace {

using libc::text_sink;

struct file_sink : text_sink {
    FILE* file;
    bool failed;

    static void write_to(text_sink& sink, const char* data, size_t size) {
        auto& self = static_cast<file_sink&>(sink);
        self.failed |= libc::put(*self.file, data, size) != size;
    }
};

struct buffer_sink : text_sink {
    char* next;
    size_t room; // what is left, without the terminating zero

    static void write_to(text_sink& sink, const char* data, size_t size) {
        auto& self = static_cast<buffer_sink&>(sink);
        size_t part = size < self.room ? size : self.room;
        memcpy(self.next, data, part);
        self.next += part;
        self.room -= part;
    }
};

/// Formats to a locked file. An unbuffered one (stderr) gets a buffer for the time, so that a message is one
/// write and does not mix with those of other processes.
int format_to_file(FILE& file, const char* format, va_list arguments) {
    file_sink sink;
    sink.write = file_sink::write_to;
    sink.file = &file;
    sink.failed = false;
    char temporary[512];
    bool borrowed = file.mode == libc::buffering::none && file.buffer == nullptr && libc::begin_writing(file);
    if (borrowed) {
        file.buffer = temporary;
        file.capacity = sizeof temporary;
        file.mode = libc::buffering::full;
    }
    int length = libc::format(sink, format, arguments);
    if (borrowed) {
        sink.failed |= !libc::flush(file);
        file.buffer = nullptr;
        file.mode = libc::buffering::none;
    }
    return sink.failed ? -1 : length;
}

} // namespace

extern "C" {

int vfprintf(FILE* file, const char* format, va_list arguments) {
    libc::file_guard hold(file);
    return format_to_file(*file, format, arguments);
}

int vsnprintf(char* buffer, size_t size, const char* format, va_list arguments) {
    buffer_sink sink;
    sink.write = buffer_sink::write_to;
    sink.next = buffer;
    sink.room = size > 0 ? size - 1 : 0;
    int length = libc::format(sink, format, arguments);
    if (size > 0) {
        *sink.next = '\0';
    }
    return length;
}

int vasprintf(char** buffer, const char* format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(nullptr, 0, format, again);
    va_end(again);
    *buffer = length < 0 ? nullptr : static_cast<char*>(malloc(static_cast<size_t>(length) + 1));
    return *buffer == nullptr ? -1 : vsnprintf(*buffer, static_cast<size_t>(length) + 1, format, arguments);
}

int vdprintf(int fd, const char* format, va_list arguments) {
    __file file = {};
    file.operations = &libc::descriptor_operations;
    file.fd = fd;
    file.writable = true;
    file.mode = libc::buffering::none;
    return format_to_file(file, format, arguments);
}

int vprintf(const char* format, va_list arguments) {
    return vfprintf(stdout, format, arguments);
}
int vsprintf(char* buffer, const char* format, va_list arguments) {
    return vsnprintf(buffer, INT_MAX, format, arguments);
}

int printf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(stdout, format, arguments);
    va_end(arguments);
    return length;
}

int fprintf(FILE* file, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(file, format, arguments);
    va_end(arguments);
    return length;
}

int dprintf(int fd, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vdprintf(fd, format, arguments);
    va_end(arguments);
    return length;
}

int sprintf(char* buffer, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsprintf(buffer, format, arguments);
    va_end(arguments);
    return length;
}

int snprintf(char* buffer, size_t size, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

int asprintf(char** buffer, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(buffer, format, arguments);
    va_end(arguments);
    return length;
}

void perror(const char* prefix) {
    int error = errno;
    bool named = prefix != nullptr && *prefix != '\0';
    fprintf(stderr, "%s%s%s\n", named ? prefix : "", named ? ": " : "", strerror(error));
}

} // extern "C"
