#pragma once
// What a FILE is inside.
//
// The buffer is used for one direction at a time. Reading: bytes [next, end) are still to be handed out, with
// pushback_bytes of room in front for ungetc(). Writing: bytes [0, end) are still to be written, next is 0.
// Everything below is called with the file locked, apart from open and the lock itself.

#include "libc/src/internal/lock.hpp"

#include <stdio.h>
#include <sys/types.h>

namespace libc {

inline constexpr size_t pushback_bytes = 8;

enum class direction : unsigned char { none, reading, writing };
enum class buffering : unsigned char { undecided, full, line, none };

/// How a FILE reaches its bytes. Each returns -1 with errno on failure; a null entry means it cannot be done.
struct file_operations {
    ssize_t (*read)(FILE& file, char* buffer, size_t size);
    ssize_t (*write)(FILE& file, const char* data, size_t size);
    off_t (*seek)(FILE& file, off_t offset, int whence);
    int (*close)(FILE& file);
};

/// A file behind a descriptor.
extern const file_operations descriptor_operations;

} // namespace libc

struct __file {
    const libc::file_operations* operations = nullptr;
    int fd = -1; // -1 when there is none
    bool readable = false;
    bool writable = false;
    bool at_end = false;
    bool failed = false;
    bool own_buffer = false; // the buffer came from malloc
    bool permanent = false;  // stdin, stdout, stderr: never freed
    libc::direction now = libc::direction::none;
    libc::buffering mode = libc::buffering::undecided;
    char* buffer = nullptr;
    size_t capacity = 0; // without the room for ungetc()
    size_t next = 0;
    size_t end = 0;
    void* cookie = nullptr; // for operations other than a descriptor's
    int child = 0;          // popen()'s process

    libc::lock access = {};
    int owner = 0; // thread that holds `access`
    int depth = 0;

    FILE* newer = nullptr; // list of open files, guarded by the list's lock
    FILE* older = nullptr;
};

namespace libc {

/// Holds a FILE's lock as long as it lives.
class file_guard {
public:
    explicit file_guard(FILE* file) : file_(file) { flockfile(file); }
    ~file_guard() { funlockfile(file_); }
    file_guard(const file_guard&) = delete;
    file_guard& operator=(const file_guard&) = delete;

private:
    FILE* file_;
};

/// A FILE on the list of open ones, from malloc; null with errno. `mode` is fopen's.
FILE* new_file(const file_operations& operations, int fd, const char* mode);
/// Open flags of fopen's mode, or -1 with EINVAL.
int open_flags(const char* mode);
/// Gets bytes into the empty buffer. False at the end or on an error, which it marks.
bool fill(FILE& file);
/// Makes ready for reading; false with errno when the file cannot be read.
bool begin_reading(FILE& file);
/// Makes ready for writing; false with errno when the file cannot be written.
bool begin_writing(FILE& file);
/// Writes what is buffered; false with errno and the error mark.
bool flush(FILE& file);
/// Forgets what was read ahead and puts the descriptor's offset where the program thinks it is.
bool drop_input(FILE& file);
/// Writes through the buffer; how many bytes were taken.
size_t put(FILE& file, const char* data, size_t size);
/// Next byte, or EOF.
int get(FILE& file);
/// Puts a byte back; false when there is no room.
bool unget(FILE& file, char byte);

} // namespace libc
