#pragma once
// One client of httpd: a state machine that is moved on when its socket is ready, and never waits.

#include "user/connect.hpp"
#include "user/httpd/page.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

constexpr size_t request_bytes = 8192;
constexpr size_t output_bytes = 32768;
constexpr time_t idle_seconds = 30;  // without a request
constexpr time_t send_seconds = 300; // without room for more of a response: on a bad line TCP pauses for long

struct configuration {
    const char* root_folder;
    bool verbose;
};
extern configuration server;

/// Seconds of a clock that only goes forward.
inline time_t monotonic_seconds() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

enum class body { wanted, none };

class connection {
public:
    connection(int fd, const char* peer) : fd_(fd), active_at_(monotonic_seconds()) {
        snprintf(peer_, sizeof peer_, "%s", peer);
    }
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() {
        end_response();
        close(fd_);
    }

    int fd() const { return fd_; }
    short events() const { return sending_ ? POLLOUT : POLLIN; }
    bool expired(time_t time) const { return time - active_at_ > (sending_ ? send_seconds : idle_seconds); }
    /// Moves the connection on; false when it is to be closed.
    bool advance();

private:
    bool receive();
    bool send_more();
    bool fill_output();
    void end_response();
    void answer();
    void answer_file(const char* path, const struct stat& status, const char* header, body wanted);
    void answer_folder(const char* path, const char* target, body wanted);
    void answer_error(int status, const char* reason, body wanted);
    void begin_response(int status, const char* reason, const char* type, off_t length, const char* extra);
    void find_target(char* target, body wanted, const char* header);

    int fd_;
    time_t active_at_;
    char peer_[32];
    bool sending_ = false;
    bool keep_alive_ = false;
    bool malformed_ = false;
    char request_[request_bytes + 1] = "";
    size_t received_ = 0;
    size_t request_length_ = 0; // of the request being answered
    char* output_ = nullptr;    // output_bytes large while a response is being sent
    size_t output_start_ = 0;
    size_t output_end_ = 0;
    page text_; // the body of a generated page
    size_t text_sent_ = 0;
    int file_ = -1;
    off_t file_left_ = 0;
};
