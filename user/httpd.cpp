// httpd: serves the files of a folder by HTTP/1.1 (RFC 9110, RFC 9112) to many clients at once.
//
// One process, one poll() loop, no thread and no fork: every connection is a small state machine that is
// moved on when its socket is ready, and never waits.
//
//   reading  --header complete-->  sending  --all sent, keep-alive-->  reading
//                                           --all sent, close------->  (closed)
//
// Sockets do not block; what cannot be sent now stays in the connection's buffer and goes when poll() says
// so. A request names a path: it is decoded, split at slashes, and refused if any part is "..".

#include "user/connect.hpp"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

static const char usage[] = "usage: httpd [-p PORT] [-v] [FOLDER]\n"
                            "Serves FOLDER (/www) on PORT (80).\n"
                            "  -v  print every request\n";

constexpr int most_clients = 256;
constexpr size_t request_bytes = 8192;
constexpr size_t output_bytes = 32768;
constexpr time_t idle_seconds = 30;

static const char* root_folder = "/www";
static bool verbose;

static time_t now() {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

enum class body { wanted, none };

/// A growing piece of text: headers and folder listings.
class page {
public:
    page() = default;
    page(const page&) = delete;
    page& operator=(const page&) = delete;
    ~page() { free(data_); }

    void add(const char* text, size_t length) {
        if (size_ + length + 1 > capacity_) {
            size_t capacity = (size_ + length + 1) * 2;
            char* larger = static_cast<char*>(realloc(data_, capacity));
            if (larger == nullptr) {
                return; // a shorter page, but a server that goes on
            }
            data_ = larger;
            capacity_ = capacity;
        }
        memcpy(data_ + size_, text, length);
        size_ += length;
        data_[size_] = '\0';
    }
    void add(const char* text) { add(text, strlen(text)); }
    /// Adds text with the characters that mean something in HTML replaced.
    void add_escaped(const char* text) {
        for (; *text != '\0'; text++) {
            const char* entity = *text == '<'   ? "&lt;"
                                 : *text == '>' ? "&gt;"
                                 : *text == '&' ? "&amp;"
                                                : nullptr;
            entity = *text == '"' ? "&quot;" : entity;
            entity != nullptr ? add(entity) : add(text, 1);
        }
    }
    /// Adds text as a part of a URL.
    void add_encoded(const char* text) {
        for (; *text != '\0'; text++) {
            unsigned char c = static_cast<unsigned char>(*text);
            char code[4];
            snprintf(code, sizeof code, "%%%02X", c);
            isalnum(c) || strchr("-._~/", c) != nullptr ? add(text, 1) : add(code);
        }
    }
    void clear() {
        free(data_);
        data_ = nullptr;
        size_ = capacity_ = 0;
    }
    const char* data() const { return data_; }
    size_t size() const { return size_; }

private:
    char* data_ = nullptr;
    size_t size_ = 0;
    size_t capacity_ = 0;
};

class connection {
public:
    connection(int fd, const char* peer) : fd_(fd), active_at_(now()) {
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
    bool expired(time_t time) const { return time - active_at_ > idle_seconds; }
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
    bool has_whole_request(size_t& length) const;

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

// ---- requests --------------------------------------------------------------------------------------------

/// Decodes %XX in place; false for a bad code or a zero byte.
static bool decode(char* text) {
    char* to = text;
    for (; *text != '\0'; text++) {
        if (*text == '%') {
            char digits[3] = {text[1], text[1] != '\0' ? text[2] : '\0', '\0'};
            char* end = nullptr;
            long code = strtol(digits, &end, 16);
            if (!isxdigit(static_cast<unsigned char>(digits[0])) || end != digits + 2 || code == 0) {
                return false;
            }
            *to++ = static_cast<char>(code);
            text += 2;
        } else {
            *to++ = *text;
        }
    }
    *to = '\0';
    return true;
}

/// True when no part of the path is "..": then it cannot leave the root folder.
static bool is_safe(const char* path) {
    for (const char* part = path; part != nullptr; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0')) {
            return false;
        }
        if (*part == '\0') {
            break;
        }
    }
    return true;
}

/// The value of a field in a header (lines that end in \r\n or \n), copied; false when it is not there.
static bool field(const char* header, const char* name, char* value, size_t size) {
    size_t name_length = strlen(name);
    for (const char* line = strchr(header, '\n'); line != nullptr; line = strchr(line, '\n')) {
        line++;
        if (strncasecmp(line, name, name_length) != 0 || line[name_length] != ':') {
            continue;
        }
        const char* start = line + name_length + 1;
        start += strspn(start, " \t");
        snprintf(value, size, "%.*s", static_cast<int>(strcspn(start, "\r\n")), start);
        return true;
    }
    return false;
}

bool connection::has_whole_request(size_t& length) const {
    const char* end = strstr(request_, "\r\n\r\n");
    const char* bare = strstr(request_, "\n\n"); // tolerated (RFC 9112 2.2)
    if (end != nullptr && (bare == nullptr || end < bare)) {
        length = static_cast<size_t>(end - request_) + 4;
    } else if (bare != nullptr) {
        length = static_cast<size_t>(bare - request_) + 2;
    }
    return end != nullptr || bare != nullptr;
}

/// Reads what is there and answers the first whole request.
bool connection::receive() {
    if (received_ < request_bytes) {
        ssize_t count = recv(fd_, request_ + received_, request_bytes - received_, 0);
        if (count < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (count == 0) {
            return false;
        }
        if (memchr(request_ + received_, '\0', static_cast<size_t>(count)) != nullptr) {
            malformed_ = true;
        }
        received_ += static_cast<size_t>(count);
        request_[received_] = '\0';
    }
    answer();
    return true;
}

/// Starts the response to the request at the front of the buffer, if it is complete.
void connection::answer() {
    size_t length = 0;
    if (malformed_) {
        request_length_ = received_;
        keep_alive_ = false;
        return answer_error(400, "Bad Request", body::wanted);
    }
    if (!has_whole_request(length)) {
        if (received_ == request_bytes) {
            request_length_ = received_;
            keep_alive_ = false;
            answer_error(431, "Request Header Fields Too Large", body::wanted);
        }
        return;
    }
    request_length_ = length;
    char header[request_bytes + 1];
    memcpy(header, request_, length);
    header[length] = '\0';
    char method[16] = "", target[2048] = "", value[64];
    int minor = 0;
    bool understood =
        sscanf(header, "%15s %2047s HTTP/1.%d", method, target, &minor) == 3 && target[0] == '/';
    keep_alive_ = understood && minor >= 1;
    if (field(header, "Connection", value, sizeof value)) {
        keep_alive_ = understood && (strcasecmp(value, "keep-alive") == 0 ||
                                     (keep_alive_ && strcasecmp(value, "close") != 0));
    }
    if (field(header, "Content-Length", value, sizeof value) ||
        field(header, "Transfer-Encoding", value, sizeof value)) {
        keep_alive_ = false; // a body that nobody here reads
    }
    if (verbose) {
        printf("%s %s %s\n", peer_, method, target);
        fflush(stdout);
    }
    body wanted = strcmp(method, "HEAD") == 0 ? body::none : body::wanted;
    if (!understood) {
        answer_error(400, "Bad Request", wanted);
    } else if (strcmp(method, "GET") != 0 && wanted == body::wanted) {
        answer_error(405, "Method Not Allowed", wanted);
    } else {
        find_target(target, wanted, header);
    }
}

/// Answers with the file or folder that a request names.
void connection::find_target(char* target, body wanted, const char* header) {
    target[strcspn(target, "?#")] = '\0';
    if (!decode(target)) {
        return answer_error(400, "Bad Request", wanted);
    }
    char path[PATH_MAX];
    struct stat status;
    if (!is_safe(target) || snprintf(path, sizeof path - 16, "%s%s", root_folder, target) >= PATH_MAX - 16) {
        return answer_error(403, "Forbidden", wanted);
    }
    if (stat(path, &status) != 0) {
        return errno == EACCES ? answer_error(403, "Forbidden", wanted)
                               : answer_error(404, "Not Found", wanted);
    }
    if (!S_ISDIR(status.st_mode)) {
        return answer_file(path, status, header, wanted);
    }
    size_t length = strlen(target);
    if (target[length - 1] != '/') { // relative links in the folder need the slash
        page location;
        location.add("Location: ");
        location.add_encoded(target);
        location.add("/\r\n");
        return begin_response(301, "Moved Permanently", "text/html", 0, location.data());
    }
    strcat(path, "index.html");
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
        return answer_file(path, status, header, wanted);
    }
    path[strlen(path) - strlen("index.html")] = '\0';
    answer_folder(path, target, wanted);
}

// ---- responses -------------------------------------------------------------------------------------------

static const char* type_of(const char* path) {
    static const struct {
        const char* suffix;
        const char* type;
    } types[] = {{".html", "text/html; charset=utf-8"},
                 {".txt", "text/plain; charset=utf-8"},
                 {".css", "text/css"},
                 {".js", "text/javascript"},
                 {".json", "application/json"},
                 {".png", "image/png"},
                 {".jpg", "image/jpeg"},
                 {".gif", "image/gif"},
                 {".svg", "image/svg+xml"}};
    const char* dot = strrchr(path, '.');
    for (const auto& entry : types) {
        if (dot != nullptr && strcasecmp(dot, entry.suffix) == 0) {
            return entry.type;
        }
    }
    return "application/octet-stream";
}

static void format_date(time_t time, char (&text)[64]) {
    struct tm* utc = gmtime(&time);
    if (utc == nullptr || strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", utc) == 0) {
        strcpy(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}

/// Puts the header into the output; the body follows from text_ or file_.
void connection::begin_response(int status, const char* reason, const char* type, off_t length,
                                const char* extra) {
    sending_ = true;
    output_ = static_cast<char*>(malloc(output_bytes));
    if (output_ == nullptr) {
        keep_alive_ = false;
        return; // fill_output finds nothing: the connection is closed
    }
    char date[64];
    format_date(time(nullptr), date);
    int size =
        snprintf(output_, output_bytes,
                 "HTTP/1.1 %d %s\r\nServer: Lumos\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\n"
                 "Accept-Ranges: bytes\r\n%sConnection: %s\r\n\r\n",
                 status, reason, date, type, static_cast<long long>(length), extra,
                 keep_alive_ ? "keep-alive" : "close");
    output_start_ = 0;
    output_end_ = size > 0 && static_cast<size_t>(size) < output_bytes ? static_cast<size_t>(size) : 0;
}

void connection::answer_error(int status, const char* reason, body wanted) {
    char text[256];
    int length = snprintf(text, sizeof text, "<!DOCTYPE html><title>%d</title><h1>%d %s</h1>\n", status,
                          status, reason);
    if (wanted == body::wanted) {
        text_.add(text, static_cast<size_t>(length));
    }
    begin_response(status, reason, "text/html", length, status == 405 ? "Allow: GET, HEAD\r\n" : "");
}

/// Reads "bytes=FIRST-LAST", "bytes=FIRST-" or "bytes=-COUNT" (RFC 9110 14.1.2); other ranges are ignored.
static bool parse_range(const char* text, off_t size, off_t& first, off_t& last) {
    if (strncmp(text, "bytes=", 6) != 0 || strchr(text, ',') != nullptr) {
        return false;
    }
    char* end = nullptr;
    const char* dash = strchr(text + 6, '-');
    if (dash == nullptr) {
        return false;
    }
    if (dash == text + 6) {
        off_t count = strtoll(dash + 1, &end, 10);
        first = count < size ? size - count : 0;
        last = size - 1;
        return count > 0 && size > 0;
    }
    first = strtoll(text + 6, &end, 10);
    last = dash[1] != '\0' ? strtoll(dash + 1, &end, 10) : size - 1;
    last = last < size ? last : size - 1;
    return first >= 0 && first <= last;
}

void connection::answer_file(const char* path, const struct stat& status, const char* header, body wanted) {
    file_ = S_ISREG(status.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file_ < 0) {
        return answer_error(403, "Forbidden", wanted);
    }
    off_t first = 0;
    off_t last = status.st_size - 1;
    char range[64], extra[256], date[64];
    format_date(status.st_mtime, date);
    snprintf(extra, sizeof extra, "Last-Modified: %s\r\n", date);
    bool partial =
        field(header, "Range", range, sizeof range) && parse_range(range, status.st_size, first, last);
    if (partial) {
        size_t used = strlen(extra);
        snprintf(extra + used, sizeof extra - used, "Content-Range: bytes %lld-%lld/%lld\r\n",
                 static_cast<long long>(first), static_cast<long long>(last),
                 static_cast<long long>(status.st_size));
        lseek(file_, first, SEEK_SET);
    }
    file_left_ = wanted == body::wanted ? last - first + 1 : 0;
    begin_response(partial ? 206 : 200, partial ? "Partial Content" : "OK", type_of(path), last - first + 1,
                   extra);
}

void connection::answer_folder(const char* path, const char* target, body wanted) {
    DIR* open = opendir(path);
    if (open == nullptr) {
        return answer_error(403, "Forbidden", wanted);
    }
    text_.add("<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>");
    text_.add_escaped(target);
    text_.add("</title></head>\n<body><h1>");
    text_.add_escaped(target);
    text_.add("</h1>\n<ul>\n");
    while (struct dirent* entry = readdir(open)) {
        char full[PATH_MAX];
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0) {
            continue;
        }
        snprintf(full, sizeof full, "%s%s", path, entry->d_name);
        const char* slash = stat(full, &status) == 0 && S_ISDIR(status.st_mode) ? "/" : "";
        text_.add("<li><a href=\"");
        text_.add_encoded(entry->d_name);
        text_.add(slash);
        text_.add("\">");
        text_.add_escaped(entry->d_name);
        text_.add(slash);
        text_.add("</a></li>\n");
    }
    closedir(open);
    text_.add("</ul></body></html>\n");
    begin_response(200, "OK", "text/html; charset=utf-8", static_cast<off_t>(text_.size()), "");
    if (wanted == body::none) {
        text_sent_ = text_.size();
    }
}

// ---- sending ---------------------------------------------------------------------------------------------

/// Fills the empty output with the next part of the body; false when there is none.
bool connection::fill_output() {
    output_start_ = output_end_ = 0;
    if (output_ == nullptr) {
        return false;
    }
    if (text_sent_ < text_.size()) {
        size_t left = text_.size() - text_sent_;
        output_end_ = left < output_bytes ? left : output_bytes;
        memcpy(output_, text_.data() + text_sent_, output_end_);
        text_sent_ += output_end_;
    } else if (file_ >= 0 && file_left_ > 0) {
        size_t most =
            file_left_ < static_cast<off_t>(output_bytes) ? static_cast<size_t>(file_left_) : output_bytes;
        ssize_t count = read(file_, output_, most);
        if (count <= 0) {
            keep_alive_ = false; // the file shrank: only closing tells the client
            return false;
        }
        output_end_ = static_cast<size_t>(count);
        file_left_ -= count;
    }
    return output_end_ > 0;
}

/// Sends as much as the socket takes; false when the connection is to be closed.
bool connection::send_more() {
    for (;;) {
        if (output_start_ == output_end_ && !fill_output()) {
            end_response();
            return keep_alive_;
        }
        ssize_t count = send(fd_, output_ + output_start_, output_end_ - output_start_, MSG_NOSIGNAL);
        if (count < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        output_start_ += static_cast<size_t>(count);
    }
}

/// Forgets the response and its request; what was sent behind the request stays.
void connection::end_response() {
    free(output_);
    output_ = nullptr;
    output_start_ = output_end_ = 0;
    if (file_ >= 0) {
        close(file_);
    }
    file_ = -1;
    file_left_ = 0;
    text_.clear();
    text_sent_ = 0;
    sending_ = false;
    memmove(request_, request_ + request_length_, received_ - request_length_);
    received_ -= request_length_;
    request_[received_] = '\0';
    request_length_ = 0;
}

bool connection::advance() {
    active_at_ = now();
    if (!sending_ && !receive()) {
        return false;
    }
    while (sending_) {
        if (!send_more()) {
            return false;
        }
        if (!sending_) {
            answer(); // requests may have been sent one behind the other
        } else {
            break;
        }
    }
    return true;
}

// ---- the loop --------------------------------------------------------------------------------------------

static connection* clients[most_clients];
static int client_count;

static void accept_clients(int listener) {
    while (client_count < most_clients) {
        struct sockaddr_in peer = {};
        struct sockaddr* address = reinterpret_cast<struct sockaddr*>(&peer);
        socklen_t size = sizeof peer;
        int fd = accept4(listener, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        char text[32];
        clients[client_count++] = new connection(fd, address_text(address, text, sizeof text));
    }
}

static void drop_client(int index) {
    delete clients[index];
    clients[index] = clients[--client_count];
}

[[noreturn]] static void serve(int listener) {
    static struct pollfd wanted[most_clients + 1];
    for (;;) {
        for (int i = 0; i < client_count; i++) {
            wanted[i] = {clients[i]->fd(), clients[i]->events(), 0};
        }
        // When all places are taken, new clients wait in the listen queue.
        int count = client_count;
        wanted[count] = {client_count < most_clients ? listener : -1, POLLIN, 0};
        int timeout_ms = client_count > 0 ? 5000 : -1;
        if (poll(wanted, static_cast<nfds_t>(count) + 1, timeout_ms) < 0 && errno != EINTR) {
            err(1, "poll");
        }
        time_t time = now();
        for (int i = count; i-- > 0;) { // backwards: dropping moves the last one here
            bool ready = wanted[i].revents != 0;
            if (ready ? !clients[i]->advance() : clients[i]->expired(time)) {
                drop_client(i);
            }
        }
        if (wanted[count].revents != 0) {
            accept_clients(listener);
        }
    }
}

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    long port = 80;
    for (int option; (option = getopt(argc, argv, "p:v")) != -1;) {
        if (option == 'p') {
            port = parse_number(optarg, 0, 65535, "port");
        } else if (option == 'v') {
            verbose = true;
        } else {
            usage_error(usage);
        }
    }
    if (argc - optind > 1) {
        usage_error(usage);
    }
    root_folder = optind < argc ? argv[optind] : root_folder;
    struct stat status;
    if (stat(root_folder, &status) != 0 || !S_ISDIR(status.st_mode)) {
        err(1, "%s", root_folder);
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = serve_on(port, SOCK_STREAM);
    fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK);
    serve(listener);
}
