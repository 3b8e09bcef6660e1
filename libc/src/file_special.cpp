// FILEs that are no plain files: over memory (fmemopen, open_memstream) and over a shell command (popen).

#include "libc/src/internal/file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

/// Memory as a file; for open_memstream() it grows and its owner is told.
struct memory {
    char* data;
    size_t size;     // bytes of content
    size_t capacity; // bytes there are
    size_t place;
    bool owned;   // made by fmemopen() itself
    bool growing; // open_memstream()
    bool at_end;  // writes are appended
    char** told_data;
    size_t* told_size;
};

memory& memory_of(FILE& file) {
    return *static_cast<memory*>(file.cookie);
}

void tell_owner(memory& content) {
    if (content.growing) {
        *content.told_data = content.data;
        *content.told_size = content.size;
    }
}

bool grow(memory& content, size_t needed) {
    if (needed < content.capacity) {
        return true;
    }
    auto* larger = static_cast<char*>(realloc(content.data, needed * 2));
    if (larger == nullptr) {
        return false;
    }
    memset(larger + content.capacity, 0, needed * 2 - content.capacity);
    content.data = larger;
    content.capacity = needed * 2;
    return true;
}

ssize_t read_memory(FILE& file, char* buffer, size_t size) {
    memory& content = memory_of(file);
    size_t left = content.place < content.size ? content.size - content.place : 0;
    size_t part = size < left ? size : left;
    memcpy(buffer, content.data + content.place, part);
    content.place += part;
    return static_cast<ssize_t>(part);
}

ssize_t write_memory(FILE& file, const char* data, size_t size) {
    memory& content = memory_of(file);
    if (content.at_end) {
        content.place = content.size;
    }
    if (content.growing && !grow(content, content.place + size)) {
        return -1;
    }
    size_t room = content.place < content.capacity ? content.capacity - content.place : 0;
    size_t part = size < room ? size : room;
    if (part == 0 && size > 0) {
        errno = ENOSPC;
        return -1;
    }
    memcpy(content.data + content.place, data, part);
    content.place += part;
    if (content.place > content.size) {
        content.size = content.place;
        if (content.size < content.capacity) {
            content.data[content.size] = '\0';
        }
    }
    tell_owner(content);
    return static_cast<ssize_t>(part);
}

off_t seek_memory(FILE& file, off_t offset, int whence) {
    memory& content = memory_of(file);
    off_t from =
        whence == SEEK_SET ? 0 : static_cast<off_t>(whence == SEEK_CUR ? content.place : content.size);
    off_t wanted = from + offset;
    if (wanted < 0 || (!content.growing && wanted > static_cast<off_t>(content.capacity))) {
        errno = EINVAL;
        return -1;
    }
    content.place = static_cast<size_t>(wanted);
    return wanted;
}

int close_memory(FILE& file) {
    memory& content = memory_of(file);
    tell_owner(content);
    if (content.owned) {
        free(content.data);
    }
    free(&content);
    return 0;
}

constexpr libc::file_operations memory_operations = {
    .read = read_memory,
    .write = write_memory,
    .seek = seek_memory,
    .close = close_memory,
};

FILE* open_memory(memory* content, const char* mode) {
    FILE* file = libc::new_file(memory_operations, -1, mode);
    if (file == nullptr) {
        free(content);
        return nullptr;
    }
    file->cookie = content;
    return file;
}

/// The child's side of popen(): the pipe becomes its input or output.
[[noreturn]] void run_command(const char* command, int pipe_end, int standard) {
    if (pipe_end == standard) {
        fcntl(pipe_end, F_SETFD, 0);
    } else {
        dup2(pipe_end, standard);
    }
    execl(_PATH_BSHELL, "sh", "-c", command, nullptr);
    _exit(127);
}

} // namespace

extern "C" {

FILE* fmemopen(void* buffer, size_t size, const char* mode) {
    auto* content = static_cast<memory*>(calloc(1, sizeof(memory)));
    if (content == nullptr || libc::open_flags(mode) < 0) {
        free(content);
        return nullptr;
    }
    content->capacity = size;
    content->owned = buffer == nullptr;
    content->data = static_cast<char*>(buffer != nullptr ? buffer : calloc(1, size));
    content->size = *mode == 'r' ? size : *mode == 'a' ? strnlen(content->data, size) : 0;
    content->at_end = *mode == 'a';
    if (*mode == 'w' && size > 0) {
        content->data[0] = '\0';
    }
    return open_memory(content, mode);
}

FILE* open_memstream(char** buffer, size_t* size) {
    auto* content = static_cast<memory*>(calloc(1, sizeof(memory)));
    if (content == nullptr) {
        return nullptr;
    }
    content->growing = true;
    content->told_data = buffer;
    content->told_size = size;
    if (!grow(*content, 64)) {
        free(content);
        return nullptr;
    }
    tell_owner(*content);
    return open_memory(content, "w");
}

FILE* popen(const char* command, const char* type) {
    bool reads = *type == 'r';
    int ends[2];
    if (libc::open_flags(type) < 0 || pipe2(ends, O_CLOEXEC) < 0) {
        return nullptr;
    }
    int own = reads ? ends[0] : ends[1];
    int other = reads ? ends[1] : ends[0];
    pid_t pid = fork();
    if (pid == 0) {
        run_command(command, other, reads ? STDOUT_FILENO : STDIN_FILENO);
    }
    close(other);
    FILE* file = pid < 0 ? nullptr : fdopen(own, type);
    if (file == nullptr) {
        close(own);
        return nullptr;
    }
    if (strchr(type, 'e') == nullptr) {
        fcntl(own, F_SETFD, 0);
    }
    file->child = pid;
    return file;
}

int pclose(FILE* file) {
    pid_t pid = file->child;
    fclose(file);
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

} // extern "C"
