#pragma once
// What a server answers by HTTP/1.1 (RFC 9112): the status line, the fields, and a body by Content-Length, in
// chunks or up to the end of the connection. Every length the server names is checked before it is used.

#include <stddef.h>

/// Reads a connection through a buffer: by line and by block.
class reader {
public:
    explicit reader(int fd) : fd_(fd) {}

    /// A line without its end; false when it is too long (EMSGSIZE) or the connection ended.
    bool line(char* to, size_t size);
    /// Up to `most` bytes, in place until the next call; 0 at the end of the connection or on an error (errno
    /// is then not 0).
    size_t block(const char*& data, size_t most);

private:
    bool fill();

    int fd_;
    size_t start_ = 0;
    size_t end_ = 0;
    static inline char buffer_[65536];
};

struct response {
    int status = 0;
    char reason[128] = "";
    long long length = -1; // unknown
    bool chunked = false;
    char location[2048] = "";
};

/// Reads all up to the body, and shows it on stderr if asked to. False with errno 0: it is not HTTP.
bool read_header(reader& from, response& result, bool show);

/// The body of a response, piece by piece.
class body {
public:
    body(reader& from, const response& header);

    /// The next bytes, in place until the next call; 0 at the end, which failed() tells about.
    size_t next(const char*& data);
    /// What went wrong, or nullptr: the body is complete. error_number() tells more if it is not 0.
    const char* failed() const { return failed_; }
    int error_number() const { return error_number_; }

private:
    bool begin_chunk();
    size_t fail(const char* how, int error_number = 0);

    reader& from_;
    bool chunked_;
    long long left_; ///< of the body or the chunk; -1: up to the end of the connection
    bool finished_ = false;
    const char* failed_ = nullptr;
    int error_number_ = 0;
};
