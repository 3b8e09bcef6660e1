// The older host look-ups: gethostbyname(), gethostbyaddr() and h_errno. Results lie in static memory.

#include "libc/src/internal/dns.hpp"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

namespace {

thread_local int host_error;

/// Everything a hostent points at.
struct host_storage {
    struct hostent entry;
    libc::lookup_result found;
    char* addresses[libc::most_addresses + 1];
    char* aliases[1];
};

host_storage own;

int error_of(libc::lookup_status status) {
    switch (status) {
    case libc::lookup_status::not_found:
        return HOST_NOT_FOUND;
    case libc::lookup_status::no_data:
        return NO_DATA;
    case libc::lookup_status::try_again:
        return TRY_AGAIN;
    default:
        return NO_RECOVERY;
    }
}

/// Makes a hostent of what was found in `own`.
struct hostent* present(int family) {
    int count = 0;
    for (int i = 0; i < own.found.count; i++) {
        if (own.found.addresses[i].family == family) {
            own.addresses[count++] = reinterpret_cast<char*>(own.found.addresses[i].bytes);
        }
    }
    own.addresses[count] = nullptr;
    own.aliases[0] = nullptr;
    own.entry = {own.found.name, own.aliases, family, family == AF_INET ? 4 : 16, own.addresses};
    return &own.entry;
}

} // namespace

extern "C" {

int* __h_errno_location() {
    return &host_error;
}

struct hostent* gethostbyname2(const char* name, int family) {
    if (libc::parse_address(name, family, own.found.addresses[0])) {
        own.found.count = 1;
        strlcpy(own.found.name, name, sizeof own.found.name);
        return present(family);
    }
    libc::lookup_status status = libc::find_addresses(name, family, own.found);
    if (status != libc::lookup_status::found) {
        h_errno = error_of(status);
        return nullptr;
    }
    return present(family);
}

struct hostent* gethostbyname(const char* name) {
    return gethostbyname2(name, AF_INET);
}

struct hostent* gethostbyaddr(const void* address, socklen_t length, int family) {
    socklen_t wanted = family == AF_INET ? 4 : 16;
    if ((family != AF_INET && family != AF_INET6) || length != wanted) {
        h_errno = NO_RECOVERY;
        return nullptr;
    }
    own.found.addresses[0].family = family;
    memcpy(own.found.addresses[0].bytes, address, length);
    libc::lookup_status status = libc::find_name(own.found.addresses[0], own.found);
    if (status != libc::lookup_status::found) {
        h_errno = error_of(status);
        return nullptr;
    }
    own.found.count = 1;
    return present(family);
}

const char* hstrerror(int error) {
    switch (error) {
    case NETDB_SUCCESS:
        return "Resolver Error 0 (no error)";
    case HOST_NOT_FOUND:
        return "Unknown host";
    case TRY_AGAIN:
        return "Host name lookup failure";
    case NO_RECOVERY:
        return "Unknown server error";
    case NO_DATA:
        return "No address associated with name";
    default:
        return "Unknown resolver error";
    }
}

void herror(const char* prefix) {
    bool named = prefix != nullptr && *prefix != '\0';
    fprintf(stderr, "%s%s%s\n", named ? prefix : "", named ? ": " : "", hstrerror(h_errno));
}

void sethostent(int) {}
void endhostent(void) {}

} // extern "C"
