// What httpd answers: files, parts of files, folder listings and errors.

#include "user/httpd/connection.hpp"
#include "user/httpd/request.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>

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
