// Answers that nslookup prints: a question that is right, records that are the fuzzer's.

#include "fuzz/support/expect.hpp"
#include "user/nslookup/message.hpp"
#include "user/nslookup/print.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    static const bool silent = freopen("/dev/null", "w", stdout) != nullptr;
    if (!silent || length < 4) {
        return 0;
    }
    uint8_t query[query_limit];
    const size_t query_bytes = build_query(query, "lighthouse.example", 1, 77);
    uint8_t reply[1024];
    memcpy(reply, query, query_bytes);
    memcpy(reply + 2, bytes, 2); // flags
    reply[7] = bytes[2] % 8;     // answers
    reply[9] = bytes[3] % 4;
    const size_t room = sizeof reply - query_bytes;
    const size_t more = length - 4 < room ? length - 4 : room;
    memcpy(reply + query_bytes, bytes + 4, more);
    const fuzz::exact_copy exact(reply, query_bytes + more);
    print_reply(exact.get(), query_bytes + more, query_bytes, "lighthouse.example");
    return 0;
}
