#include "user/wget/url.hpp"

#include "user/program.hpp"

#include <ctype.h>
#include <strings.h>

bool parse_url(const char* text, url& result) {
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

void follow(const char* location, const url& base, char (&result)[url_limit]) {
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
