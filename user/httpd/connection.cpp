// The life of a connection: receive, answer, send, and again. What is answered is in response.cpp.

#include "user/httpd/connection.hpp"
#include "user/httpd/request.hpp"

#include <fcntl.h>
#include <strings.h>

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
    if (!has_whole_request(request_, length)) {
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
    if (server.verbose) {
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
    if (!is_safe(target) ||
        snprintf(path, sizeof path - 16, "%s%s", server.root_folder, target) >= PATH_MAX - 16) {
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
    active_at_ = monotonic_seconds();
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
