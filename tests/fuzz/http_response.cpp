// What wget reads of a server: addresses of redirects, the header, and a body that is delimited in each way.

#include "fuzz/support/expect.hpp"
#include "user/wget/response.hpp"
#include "user/wget/url.hpp"

#include <sys/mman.h>
#include <unistd.h>

using fuzz::expect;

namespace {

/// A file with the bytes of the input, at whose end the connection is over.
int connection_with(const uint8_t* bytes, size_t length) {
    static const int fd = memfd_create("response", 0);
    expect(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, bytes, length, 0) == static_cast<ssize_t>(length) &&
               lseek(fd, 0, SEEK_SET) == 0,
           "the input cannot be handed over");
    return fd;
}

void follow_redirect(const char* location) {
    const url base = {.host = "lighthouse.example", .port = "80", .path = "/lamps/index.html"};
    char whole[url_limit];
    follow(location, base, whole);
    url target;
    if (parse_url(whole, target)) {
        expect(*target.host != '\0' && *target.port != '\0' && strchr("/?", *target.path) != nullptr,
               "a part of an address is missing");
    }
}

} // namespace

/// What parse_url() says about an address that is none.
extern "C" void warnx(const char*, ...) {}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    reader from(connection_with(bytes, length));
    response header;
    if (!read_header(from, header, false)) {
        return 0;
    }
    follow_redirect(header.location);
    body content(from, header);
    size_t total = 0;
    const char* data = nullptr;
    for (size_t count; (count = content.next(data)) != 0; total += count) {
        expect(total + count <= length, "more came than was sent");
        const fuzz::exact_copy readable(reinterpret_cast<const uint8_t*>(data), count);
    }
    expect(content.failed() != nullptr || header.chunked || header.length < 0 ||
               total == static_cast<size_t>(header.length),
           "a body that is called complete is not");
    return 0;
}
