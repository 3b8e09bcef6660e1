#pragma once
// http:// addresses, taken apart and put together.

constexpr int url_limit = 2400;

struct url {
    char host[256];
    char port[8];
    char path[2048];
};

/// Takes http://HOST[:PORT][/PATH] apart; false, with a message, when it is something else.
bool parse_url(const char* text, url& result);

/// Makes the URL of a redirect: a whole one, or a path on the same server.
void follow(const char* location, const url& base, char (&result)[url_limit]);
