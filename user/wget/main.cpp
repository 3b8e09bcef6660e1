// wget: fetches files by HTTP/1.1 (RFC 9110, RFC 9112): redirects, bodies by Content-Length, in chunks or up
// to the end of the connection. A body shorter than promised is an error.
//
// One fetch is: connect, send the request, read the status line and the fields, read the body.

#include "user/connect.hpp"
#include "user/wget/response.hpp"
#include "user/wget/url.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

static const char usage[] =
    "usage: wget [-q] [-S] [-O FILE] [-T SECONDS] URL\n"
    "  -O  write to FILE, - is standard output   -q  no messages   -S  show the header\n"
    "  -T  give up after this time without data (900)\n"
    "Status: 0 done, 1 file error, 4 network error, 8 the server answered with an error.\n";

constexpr int failed_file = 1;
constexpr int failed_network = 4;
constexpr int failed_server = 8;
constexpr int most_redirects = 10;

struct options {
    const char* output = nullptr;
    bool quiet = false;
    bool show_header = false;
    long timeout_s = 900;
};

static options option;

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

static int file_error(const char* name) {
    warn("%s", name);
    return failed_file;
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
    body content(from, header);
    const char* data = nullptr;
    int status = 0;
    for (size_t count; status == 0 && (count = content.next(data)) != 0;) {
        status = write_all(to, data, count) ? 0 : file_error(name);
        bar.add(count);
    }
    bar.finish();
    if (content.failed() != nullptr) {
        errno = content.error_number();
        errno != 0 ? warn("%s", content.failed()) : warnx("%s", content.failed());
        status = failed_network;
    }
    if (!to_output && close(to) != 0 && status == 0) {
        return file_error(name);
    }
    return status;
}

/// Fetches one URL. A redirect puts the next URL into `next`; otherwise the exit status is final.
static int fetch(const char* text, char (&next)[url_limit]) {
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
    } else if (!read_header(from, header, option.show_header)) {
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
    static char current[url_limit], next[url_limit];
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
