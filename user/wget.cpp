// wget: fetches files by HTTP/1.1 (RFC 9110, RFC 9112): redirects, bodies by Content-Length, in chunks or up
// to the end of the connection. A body shorter than promised is an error.
//
// One fetch is: connect, send the request, read the status line and the fields, read the body. Everything is
// read through one buffered reader, and every length the server names is checked before it is used.

#include "user/connect.hpp"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <strings.h>
#include <sys/time.h>
#include <time.h>

static const char usage[] =
    "usage: wget [-q] [-S] [-O FILE] [-T SECONDS] URL\n"
    "  -O  write to FILE, - is standard output   -q  no messages   -S  show the header\n"
    "  -T  give up after this time without data (60)\n"
    "Status: 0 done, 1 file error, 4 network error, 8 the server answered with an error.\n";

constexpr int failed_file = 1;
constexpr int failed_network = 4;
constexpr int failed_server = 8;
constexpr int most_redirects = 10;

struct options {
    const char* output = nullptr;
    bool quiet = false;
    bool show_header = false;
    long timeout_s = 60;
};

static options option;

struct url {
    char host[256];
    char port[8];
    char path[2048];
};

/// Takes http://HOST[:PORT][/PATH] apart; false when it is something else.
static bool parse_url(const char* text, url& result) {
    if (strncasecmp(text, "http://", 7) == 0) {
        text += 7;
    } else if (strstr(text, "://") != nullptr) {
        warnx("%s: only http:// is spoken here", text);
        return false;
    }
    size_t authority = strcspn(text, "/?#");
    size_t host = strcspn(text, ":/?#");
    size_t port = authority > host ? authority - host - 1 : 0;
    size_t path = strcspn(text + authority, "#");
    if (host == 0 || host >= sizeof result.host || port >= sizeof result.port ||
        path + 2 > sizeof result.path) {
        warnx("%s: not a URL", text);
        return false;
    }
    snprintf(result.host, sizeof result.host, "%.*s", static_cast<int>(host), text);
    snprintf(result.port, sizeof result.port, "%.*s", static_cast<int>(port), text + host + 1);
    if (port == 0) {
        strcpy(result.port, "80");
    }
    bool rooted = text[authority] == '/';
    snprintf(result.path, sizeof result.path, "%s%.*s", rooted ? "" : "/", static_cast<int>(path),
             text + authority);
    for (const char* c = result.path; *c != '\0'; c++) {
        if (isspace(static_cast<unsigned char>(*c))) {
            warnx("%s: a URL has no spaces", text);
            return false;
        }
    }
    return true;
}

/// Reads a socket through a buffer: by line and by block.
class reader {
public:
    explicit reader(int fd) : fd_(fd) {}

    /// A line without its end; false when it is too long or the connection ended.
    bool line(char* to, size_t size) {
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
    /// Up to `most` bytes, in place; 0 at the end of the connection or on an error (errno is then not 0).
    size_t block(const char*& data, size_t most) {
        if (start_ == end_ && !fill()) {
            return 0;
        }
        size_t count = end_ - start_ < most ? end_ - start_ : most;
        data = buffer_ + start_;
        start_ += count;
        return count;
    }

private:
    bool fill() {
        ssize_t count;
        do {
            errno = 0;
            count = recv(fd_, buffer_, sizeof buffer_, 0);
        } while (count < 0 && errno == EINTR);
        start_ = 0;
        end_ = count > 0 ? static_cast<size_t>(count) : 0;
        return count > 0;
    }

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

class progress {
public:
    explicit progress(long long total) : total_(total) { clock_gettime(CLOCK_MONOTONIC, &start_); }

    void add(size_t count) {
        done_ += static_cast<long long>(count);
        double elapsed = seconds();
        if (!option.quiet && isatty(2) && elapsed - shown_at_ >= 0.5) {
            shown_at_ = elapsed;
            print("\r", elapsed);
        }
    }
    void finish() const {
        if (!option.quiet) {
            print(shown_at_ > 0 ? "\r" : "", seconds());
            fputc('\n', stderr);
        }
    }
    long long done() const { return done_; }

private:
    double seconds() const {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return static_cast<double>(now.tv_sec - start_.tv_sec) +
               static_cast<double>(now.tv_nsec - start_.tv_nsec) / 1e9;
    }
    void print(const char* before, double elapsed) const {
        double rate = elapsed > 0 ? static_cast<double>(done_) / elapsed / 1e6 : 0;
        fprintf(stderr, "%s%lld", before, done_);
        if (total_ >= 0) {
            fprintf(stderr, " of %lld", total_);
        }
        fprintf(stderr, " bytes, %.1f s, %.1f MB/s ", elapsed, rate);
    }

    long long total_;
    long long done_ = 0;
    double shown_at_ = 0;
    struct timespec start_;
};

static bool send_request(int fd, const url& target) {
    char request[3072];
    bool default_port = strcmp(target.port, "80") == 0;
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: %s%s%s\r\nUser-Agent: Lumos-wget\r\nAccept: */*\r\n"
                          "Connection: close\r\n\r\n",
                          target.path, target.host, default_port ? "" : ":", default_port ? "" : target.port);
    return write_all(fd, request, static_cast<size_t>(length));
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

static bool read_header(reader& from, response& result) {
    char line[4096];
    for (;;) { // a 1xx response comes before the real one (RFC 9110 15.2)
        int minor = 0;
        if (!from.line(line, sizeof line) ||
            sscanf(line, "HTTP/1.%d %d %127[^\n]", &minor, &result.status, result.reason) < 2) {
            return false;
        }
        do {
            if (option.show_header) {
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

static int file_error(const char* name) {
    warn("%s", name);
    return failed_file;
}

/// Copies `length` bytes, or with -1 all there are; 0 or the exit status.
static int copy_bytes(reader& from, int to, const char* name, long long length, progress& bar) {
    while (length != 0) {
        const char* data = nullptr;
        size_t most = length < 0 || length > 65536 ? 65536 : static_cast<size_t>(length);
        size_t count = from.block(data, most);
        if (count == 0) {
            if (errno != 0) {
                warn("receiving");
                return failed_network;
            }
            if (length > 0) {
                warnx("the connection ended %lld bytes too early", length);
                return failed_network;
            }
            return 0;
        }
        if (!write_all(to, data, count)) {
            return file_error(name);
        }
        bar.add(count);
        length -= length > 0 ? static_cast<long long>(count) : 0;
    }
    return 0;
}

/// Chunks: a hexadecimal length, that many bytes, an empty line; length 0 ends (RFC 9112 7.1).
static int copy_chunks(reader& from, int to, const char* name, progress& bar) {
    char line[256];
    for (;;) {
        char* end = nullptr;
        if (!from.line(line, sizeof line)) {
            break;
        }
        long long length = strtoll(line, &end, 16);
        if (end == line || length < 0) {
            break;
        }
        if (length > 0) {
            int status = copy_bytes(from, to, name, length, bar);
            if (status != 0) {
                return status;
            }
        }
        if (!from.line(line, sizeof line)) {
            break;
        }
        if (length == 0) {
            return 0; // fields after the last chunk are of no interest: the connection closes
        }
    }
    warnx("the connection ended within a chunk");
    return failed_network;
}

static const char* output_name(const url& target) {
    static char name[256];
    if (option.output != nullptr) {
        return option.output;
    }
    char path[sizeof target.path];
    snprintf(path, sizeof path, "%.*s", static_cast<int>(strcspn(target.path, "?")), target.path);
    const char* slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%s", slash != nullptr && slash[1] != '\0' ? slash + 1 : "index.html");
    return name;
}

static int save_body(reader& from, const response& header, const url& target) {
    const char* name = output_name(target);
    bool to_output = strcmp(name, "-") == 0;
    int to = to_output ? 1 : open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (to < 0) {
        return file_error(name);
    }
    progress bar(header.chunked ? -1 : header.length);
    int status =
        header.chunked ? copy_chunks(from, to, name, bar) : copy_bytes(from, to, name, header.length, bar);
    bar.finish();
    if (!to_output && close(to) != 0 && status == 0) {
        return file_error(name);
    }
    return status;
}

/// Makes the URL of a redirect: a whole one, or a path on the same server.
static void follow(const char* location, const url& base, char (&result)[2400]) {
    if (strstr(location, "://") != nullptr) {
        snprintf(result, sizeof result, "%s", location);
        return;
    }
    size_t folder = 0;
    if (*location != '/') {
        const char* slash = strrchr(base.path, '/');
        folder = slash != nullptr ? static_cast<size_t>(slash - base.path) + 1 : 0;
    }
    snprintf(result, sizeof result, "http://%s:%s%.*s%s", base.host, base.port, static_cast<int>(folder),
             base.path, location);
}

/// Fetches one URL. A redirect puts the next URL into `next`; otherwise the exit status is final.
static int fetch(const char* text, char (&next)[2400]) {
    url target;
    char peer[64];
    *next = '\0';
    if (!parse_url(text, target)) {
        return exit_usage;
    }
    int fd = connect_to(target.host, target.port, SOCK_STREAM, peer, sizeof peer);
    if (fd < 0) {
        return failed_network;
    }
    struct timeval limit = {option.timeout_s, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (!option.quiet) {
        fprintf(stderr, "connected to %s (%s)\n", target.host, peer);
    }
    reader from(fd);
    response header;
    int status = failed_network;
    if (!send_request(fd, target)) {
        warn("sending");
    } else if (!read_header(from, header)) {
        errno != 0 ? warn("receiving the header") : warnx("the answer is not HTTP");
    } else if (header.status >= 300 && header.status < 400 && *header.location != '\0') {
        follow(header.location, target, next);
        status = 0;
    } else if (header.status / 100 != 2) {
        warnx("%s: the server answered %d %s", text, header.status, header.reason);
        status = failed_server;
    } else {
        status = save_body(from, header, target);
    }
    close(fd);
    return status;
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    for (int letter; (letter = getopt(argc, argv, "qSO:T:")) != -1;) {
        if (letter == 'q') {
            option.quiet = true;
        } else if (letter == 'S') {
            option.show_header = true;
        } else if (letter == 'O') {
            option.output = optarg;
        } else if (letter == 'T') {
            option.timeout_s = parse_number(optarg, 1, 1000000, "seconds");
        } else {
            usage_error(usage);
        }
    }
    if (optind + 1 != argc) {
        usage_error(usage);
    }
    signal(SIGPIPE, SIG_IGN);
    static char current[2400], next[2400];
    snprintf(current, sizeof current, "%s", argv[optind]);
    for (int i = 0; i < most_redirects; i++) {
        int status = fetch(current, next);
        if (status != 0 || *next == '\0') {
            return status;
        }
        if (!option.quiet) {
            fprintf(stderr, "redirected to %s\n", next);
        }
        memcpy(current, next, sizeof current);
    }
    errx(failed_server, "more than %d redirects", most_redirects);
}
