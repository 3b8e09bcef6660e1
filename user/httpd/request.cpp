// Taking a request apart. Everything here comes from the network and is bounded by the zero byte that the
// connection puts behind what it received.

#include "user/httpd/request.hpp"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool has_whole_request(const char* request, size_t& length) {
    const char* end = strstr(request, "\r\n\r\n");
    const char* bare = strstr(request, "\n\n"); // tolerated (RFC 9112 2.2)
    if (end != nullptr && (bare == nullptr || end < bare)) {
        length = static_cast<size_t>(end - request) + 4;
    } else if (bare != nullptr) {
        length = static_cast<size_t>(bare - request) + 2;
    }
    return end != nullptr || bare != nullptr;
}

bool decode(char* text) {
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

bool is_safe(const char* path) {
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

bool field(const char* header, const char* name, char* value, size_t size) {
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

bool parse_range(const char* text, off_t size, off_t& first, off_t& last) {
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
        if (count <= 0 || size <= 0) {
            return false;
        }
        first = count < size ? size - count : 0;
        last = size - 1;
        return true;
    }
    first = strtoll(text + 6, &end, 10);
    last = dash[1] != '\0' ? strtoll(dash + 1, &end, 10) : size - 1;
    last = last < size ? last : size - 1;
    return first >= 0 && first <= last;
}
