// What httpd reads of a request. A decoded path that is called safe must not leave the root folder, and a
// range must lie in its file.

#include "fuzz/support/expect.hpp"
#include "user/httpd/request.hpp"

#include <string>

using fuzz::expect;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    const fuzz::exact_text request(bytes, length);
    const size_t request_bytes = strlen(request.get());
    size_t header_bytes = 0;
    if (has_whole_request(request.get(), header_bytes)) {
        expect(header_bytes <= request_bytes, "a header longer than its request");
    }
    char value[16];
    field(request.get(), "Range", value, sizeof value);
    off_t first = 0;
    off_t last = 0;
    for (const off_t size : {off_t{0}, off_t{1}, off_t{1000}}) {
        if (parse_range(request.get(), size, first, last)) {
            expect(first >= 0 && first <= last && last < size, "a range outside of its file");
        }
    }
    if (decode(request.get())) {
        const std::string path = std::string("/") + request.get() + "/";
        expect(!is_safe(request.get()) || path.find("/../") == std::string::npos,
               "a path that leaves the root");
    }
    return 0;
}
