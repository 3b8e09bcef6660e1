#include "user/wget/response.hpp"

#include "user/program.hpp"

#include <strings.h>

bool reader::line(char* to, size_t size) {
    size_t length = 0;
    for (;;) {
        if (start_ == end_ && !fill()) {
            return false;
        }
        char c = buffer_[start_++];
        if (c == '\n') {
            to[length > 0 && to[length - 1] == '\r' ? length - 1 : length] = '\0';
            return true;
        }
        if (length + 1 >= size) {
            errno = EMSGSIZE;
            return false;
        }
        to[length++] = c;
    }
}

size_t reader::block(const char*& data, size_t most) {
    if (start_ == end_ && !fill()) {
        return 0;
    }
    size_t count = end_ - start_ < most ? end_ - start_ : most;
    data = buffer_ + start_;
    start_ += count;
    return count;
}

bool reader::fill() {
    ssize_t count;
    do {
        errno = 0;
        count = read(fd_, buffer_, sizeof buffer_);
    } while (count < 0 && errno == EINTR);
    start_ = 0;
    end_ = count > 0 ? static_cast<size_t>(count) : 0;
    return count > 0;
}

/// One "Name: value" line; false when a length makes no sense.
static bool take_field(char* line, response& result) {
    char* colon = strchr(line, ':');
    if (colon == nullptr) {
        return true; // tolerated, as most clients do
    }
    *colon = '\0';
    const char* value = colon + 1 + strspn(colon + 1, " \t");
    if (strcasecmp(line, "Content-Length") == 0) {
        char* end = nullptr;
        result.length = strtoll(value, &end, 10);
        return end != value && result.length >= 0;
    }
    if (strcasecmp(line, "Transfer-Encoding") == 0) {
        result.chunked = strcasecmp(value, "chunked") == 0;
    } else if (strcasecmp(line, "Location") == 0) {
        snprintf(result.location, sizeof result.location, "%s", value);
    }
    return true;
}

bool read_header(reader& from, response& result, bool show) {
    char line[4096];
    for (;;) { // a 1xx response comes before the real one (RFC 9110 15.2)
        int minor = 0;
        if (!from.line(line, sizeof line) ||
            sscanf(line, "HTTP/1.%d %d %127[^\n]", &minor, &result.status, result.reason) < 2) {
            return false;
        }
        do {
            if (show) {
                fprintf(stderr, "  %s\n", line);
            }
            if (!from.line(line, sizeof line) || !take_field(line, result)) {
                return false;
            }
        } while (*line != '\0');
        if (result.status >= 200) {
            return true;
        }
    }
}

body::body(reader& from, const response& header)
    : from_(from), chunked_(header.chunked), left_(header.chunked ? 0 : header.length) {}

size_t body::fail(const char* how, int error_number) {
    failed_ = how;
    error_number_ = error_number;
    finished_ = true;
    return 0;
}

/// Chunks: a hexadecimal length, that many bytes, an empty line; length 0 ends (RFC 9112 7.1).
bool body::begin_chunk() {
    char line[256];
    char* end = nullptr;
    if (!from_.line(line, sizeof line)) {
        return false;
    }
    left_ = strtoll(line, &end, 16);
    finished_ = left_ == 0; // fields after the last chunk are of no interest: the connection closes
    return end != line && left_ >= 0;
}

size_t body::next(const char*& data) {
    if (chunked_ && left_ == 0 && !finished_ && !begin_chunk()) {
        return fail("the connection ended within a chunk");
    }
    if (finished_ || left_ == 0) {
        return 0;
    }
    constexpr size_t limit = 65536;
    size_t most = left_ < 0 || left_ > static_cast<long long>(limit) ? limit : static_cast<size_t>(left_);
    size_t count = from_.block(data, most);
    if (count == 0) {
        if (errno != 0) {
            return fail("receiving", errno);
        }
        return left_ > 0 ? fail("the connection ended too early") : 0;
    }
    left_ -= left_ > 0 ? static_cast<long long>(count) : 0;
    char line[256];
    if (chunked_ && left_ == 0 && !from_.line(line, sizeof line)) {
        return fail("the connection ended within a chunk");
    }
    return count;
}
