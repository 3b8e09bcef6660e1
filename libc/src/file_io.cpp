// Bytes, lines and blocks in and out of FILEs.

#include "libc/src/internal/file.hpp"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

namespace {

/// Copies buffered bytes up to and including `delimiter`, at most `room`; whether the delimiter was met.
bool take_until(FILE& file, int delimiter, char* to, size_t room, size_t& taken) {
    size_t there = file.end - file.next;
    const char* start = file.buffer + file.next;
    if (there > room) {
        there = room;
    }
    auto* found = static_cast<const char*>(memchr(start, delimiter, there));
    taken = found != nullptr ? static_cast<size_t>(found - start) + 1 : there;
    memcpy(to, start, taken);
    file.next += taken;
    return found != nullptr;
}

/// Looks at errors of one call only, and leaves older marks as they were.
class error_watch {
public:
    explicit error_watch(FILE& file) : file_(file), before_(file.failed) { file.failed = false; }
    ~error_watch() { file_.failed |= before_; }
    error_watch(const error_watch&) = delete;
    error_watch& operator=(const error_watch&) = delete;
    bool failed() const { return file_.failed; }

private:
    FILE& file_;
    bool before_;
};

bool has_input(FILE& file) {
    return (file.now == libc::direction::reading && file.next < file.end) || libc::fill(file);
}

/// Room for `needed` bytes in a getline() buffer, grown by doubling.
bool make_room(char** buffer, size_t* size, size_t needed) {
    if (*buffer != nullptr && *size >= needed) {
        return true;
    }
    size_t wanted = *size > 60 ? *size : 60;
    while (wanted < needed) {
        wanted *= 2;
    }
    auto* grown = static_cast<char*>(realloc(*buffer, wanted));
    if (grown == nullptr) {
        return false;
    }
    *buffer = grown;
    *size = wanted;
    return true;
}

} // namespace

extern "C" {

int getc_unlocked(FILE* file) {
    return libc::get(*file);
}
int getchar_unlocked(void) {
    return getc_unlocked(stdin);
}
int fgetc(FILE* file) {
    libc::file_guard hold(file);
    return libc::get(*file);
}
int getc(FILE* file) {
    return fgetc(file);
}
int getchar(void) {
    return fgetc(stdin);
}

int ungetc(int character, FILE* file) {
    libc::file_guard hold(file);
    if (character == EOF || !libc::unget(*file, static_cast<char>(character))) {
        return EOF;
    }
    return static_cast<unsigned char>(character);
}

int putc_unlocked(int character, FILE* file) {
    char byte = static_cast<char>(character);
    if (file->now == libc::direction::writing && file->mode == libc::buffering::full &&
        file->end < file->capacity) {
        file->buffer[file->end++] = byte;
        return static_cast<unsigned char>(byte);
    }
    return libc::put(*file, &byte, 1) == 1 ? static_cast<unsigned char>(byte) : EOF;
}
int putchar_unlocked(int character) {
    return putc_unlocked(character, stdout);
}
int fputc(int character, FILE* file) {
    libc::file_guard hold(file);
    return putc_unlocked(character, file);
}
int putc(int character, FILE* file) {
    return fputc(character, file);
}
int putchar(int character) {
    return fputc(character, stdout);
}

char* fgets(char* buffer, int size, FILE* file) {
    libc::file_guard hold(file);
    error_watch errors(*file);
    size_t length = 0;
    size_t room = size > 0 ? static_cast<size_t>(size) - 1 : 0;
    while (length < room && has_input(*file)) {
        size_t taken;
        bool complete = take_until(*file, '\n', buffer + length, room - length, taken);
        length += taken;
        if (complete) {
            break;
        }
    }
    if (size <= 0 || (length == 0 && room > 0) || errors.failed()) {
        return nullptr;
    }
    buffer[length] = '\0';
    return buffer;
}

ssize_t getdelim(char** buffer, size_t* size, int delimiter, FILE* file) {
    libc::file_guard hold(file);
    error_watch errors(*file);
    size_t length = 0;
    bool complete = false;
    while (!complete && has_input(*file)) {
        size_t there = file->end - file->next;
        if (!make_room(buffer, size, length + there + 1)) {
            return -1;
        }
        size_t taken;
        complete = take_until(*file, delimiter, *buffer + length, there, taken);
        length += taken;
    }
    if (length == 0 || errors.failed()) {
        return -1;
    }
    (*buffer)[length] = '\0';
    return static_cast<ssize_t>(length);
}

ssize_t getline(char** buffer, size_t* size, FILE* file) {
    return getdelim(buffer, size, '\n', file);
}

size_t fread(void* buffer, size_t size, size_t count, FILE* file) {
    libc::file_guard hold(file);
    size_t wanted;
    if (__builtin_mul_overflow(size, count, &wanted) || wanted == 0) {
        return 0;
    }
    auto* to = static_cast<char*>(buffer);
    size_t got = 0;
    while (got < wanted) {
        if (file->now == libc::direction::reading && file->next == file->end &&
            wanted - got >= file->capacity) {
            ssize_t direct =
                file->operations->read(*file, to + got, wanted - got); // Past the buffer: one copy less.
            if (direct <= 0) {
                (direct == 0 ? file->at_end : file->failed) = true;
                break;
            }
            got += static_cast<size_t>(direct);
            continue;
        }
        if (!has_input(*file)) {
            break;
        }
        size_t part = file->end - file->next < wanted - got ? file->end - file->next : wanted - got;
        memcpy(to + got, file->buffer + file->next, part);
        file->next += part;
        got += part;
    }
    return got / size;
}

size_t fwrite_unlocked(const void* buffer, size_t size, size_t count, FILE* file) {
    size_t wanted;
    if (__builtin_mul_overflow(size, count, &wanted) || wanted == 0) {
        return 0;
    }
    return libc::put(*file, static_cast<const char*>(buffer), wanted) / size;
}
size_t fwrite(const void* buffer, size_t size, size_t count, FILE* file) {
    libc::file_guard hold(file);
    return fwrite_unlocked(buffer, size, count, file);
}

int fputs_unlocked(const char* text, FILE* file) {
    size_t length = strlen(text);
    return libc::put(*file, text, length) == length ? 0 : EOF;
}
int fputs(const char* text, FILE* file) {
    libc::file_guard hold(file);
    return fputs_unlocked(text, file);
}
int puts(const char* text) {
    libc::file_guard hold(stdout);
    return fputs_unlocked(text, stdout) == EOF || putc_unlocked('\n', stdout) == EOF ? EOF : 0;
}

int feof(FILE* file) {
    return file->at_end;
}
int ferror(FILE* file) {
    return file->failed;
}
void clearerr(FILE* file) {
    libc::file_guard hold(file);
    file->at_end = file->failed = false;
}

} // extern "C"
