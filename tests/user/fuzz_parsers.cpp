// Throws broken input at the parts of programs that read what others wrote: the shell's parser, httpd's
// requests, and the replies that dhclient and nslookup get. Compiled for this machine with address and
// undefined sanitizers; input is made by a seeded generator, so a failure repeats.
//
//     fuzz_parsers [ROUNDS [SEED]]      prints one line "ok NAME" per part

#include "user/dhclient/message.hpp"
#include "user/httpd/request.hpp"
#include "user/nslookup/message.hpp"
#include "user/nslookup/print.hpp"
#include "user/sh/parser.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <unistd.h>

namespace {

uint64_t state;

uint64_t random_bits() { // splitmix64
    uint64_t value = state += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

size_t below(size_t bound) {
    return random_bits() % bound;
}

template <size_t count>
std::string any_of(const char* const (&pieces)[count]) {
    return pieces[below(count)];
}

/// A text of pieces that mean something, with a few bytes spoilt.
template <size_t count>
std::string text_of(const char* const (&pieces)[count], size_t most) {
    std::string text;
    for (size_t i = below(most); i > 0; i--) {
        text += any_of(pieces);
    }
    for (size_t i = below(3); i > 0 && !text.empty(); i--) {
        text[below(text.size())] = static_cast<char>(1 + below(255));
    }
    return text;
}

void fuzz_shell() {
    static const char* const pieces[] = {"$(",
                                         "${x:-",
                                         "$((1+",
                                         "))",
                                         ")",
                                         "}",
                                         "`",
                                         "\"",
                                         "'",
                                         "\\",
                                         "<<E\n",
                                         "\nE\n",
                                         "if ",
                                         "then",
                                         " fi\n",
                                         "case x in ",
                                         "a) ",
                                         "esac",
                                         " for i in 1 2",
                                         "; do ",
                                         "done",
                                         ";;",
                                         "|",
                                         "&&",
                                         "! ",
                                         "{ ",
                                         "( ",
                                         "f() ",
                                         "\n",
                                         "; ",
                                         " & ",
                                         ">&2 ",
                                         "echo ",
                                         "a=b ",
                                         "2> ",
                                         "#c\n",
                                         "while ",
                                         "word"};
    input source;
    source.quiet = true;
    source.buffer.add(text_of(pieces, 30).c_str());
    for (;;) {
        command_tree* tree = new command_tree;
        parse_outcome outcome = parse_command(source, *tree);
        drop(tree);
        if (outcome != parse_outcome::command) {
            return;
        }
    }
}

void fuzz_request() {
    static const char* const pieces[] = {"GET ",    "/a%41",
                                         "%",       "%zz",
                                         "..",      "/",
                                         "/../",    " HTTP/1.1",
                                         "\r\n",    "\r\n\r\n",
                                         "\n\n",    "Range: ",
                                         "bytes=",  "-",
                                         "5-",      "99999999999999999999",
                                         "Host: x", ":",
                                         "a,b",     "HEAD ",
                                         "?q#f",    "Connection: close"};
    std::string text = text_of(pieces, 20);
    size_t length = 0;
    if (has_whole_request(text.c_str(), length) && length > text.size()) {
        abort();
    }
    char value[16];
    field(text.c_str(), "Range", value, sizeof value);
    off_t first = 0;
    off_t last = 0;
    off_t size = static_cast<off_t>(below(1000));
    if (parse_range(value, size, first, last) && (first < 0 || last >= size || first > last)) {
        abort();
    }
    std::unique_ptr<char[]> path(new char[text.size() + 1]);
    memcpy(path.get(), text.c_str(), text.size() + 1);
    if (decode(path.get())) {
        std::string decoded = std::string("/") + path.get() + "/";
        if (is_safe(path.get()) && decoded.find("/../") != std::string::npos) {
            abort();
        }
    }
}

void fuzz_dhcp() {
    static const uint8_t codes[] = {
        option_message_type, option_mask, option_router,        option_name_server,
        option_lease_time,   option_end,  option_pad,           option_server,
        option_renewal_time, 99,          option_rebinding_time};
    transaction ours = {1234, {2, 0, 0, 0, 0, 1}};
    dhcp_message reply = {};
    reply.op = 2;
    reply.htype = 1;
    reply.hlen = 6;
    reply.xid = ours.number;
    memcpy(reply.chaddr, ours.hardware, sizeof ours.hardware);
    memcpy(reply.magic, cookie, sizeof cookie);
    reply.yiaddr.s_addr = 1;
    for (size_t i = 0; i + 6 < sizeof reply.options;) {
        reply.options[i++] = codes[below(sizeof codes)];
        reply.options[i++] = static_cast<uint8_t>(below(3) != 0 ? 4 : below(256));
        for (int value = 0; value < 4; value++) {
            reply.options[i++] = static_cast<uint8_t>(below(8));
        }
    }
    // The message ends where the allocation ends, so that a byte too far is noticed.
    size_t size = fixed_bytes + below(sizeof reply.options + 1);
    std::unique_ptr<uint8_t[]> exact(new uint8_t[size]);
    memcpy(exact.get(), &reply, size);
    message_type type;
    lease result;
    parse_reply(*reinterpret_cast<const dhcp_message*>(exact.get()), size, ours, type, result);
}

void fuzz_dns() {
    static const uint8_t types[] = {1, 2, 5, 6, 12, 15, 16, 28};
    uint8_t query[query_limit];
    size_t query_size = build_query(query, "lighthouse.example", 1, 77);
    std::string reply(reinterpret_cast<char*>(query), query_size);
    reply[2] = static_cast<char>(0x81);
    reply[7] = static_cast<char>(1 + below(4));
    for (int i = 0; i < reply[7]; i++) {
        size_t target = below(3) != 0 ? header_bytes : below(reply.size());
        size_t length = below(30);
        const char record[] = {static_cast<char>(0xc0),
                               static_cast<char>(target),
                               0,
                               static_cast<char>(types[below(8)]),
                               0,
                               1,
                               0,
                               0,
                               0,
                               9,
                               0,
                               static_cast<char>(below(8) != 0 ? length : below(256))};
        reply.append(record, sizeof record);
        for (size_t byte = 0; byte < length; byte++) {
            reply += static_cast<char>(below(4) != 0 ? below(64) : below(256));
        }
    }
    for (size_t i = below(4); i > 0; i--) {
        reply[header_bytes + below(reply.size() - header_bytes)] = static_cast<char>(below(256));
    }
    size_t size = below(4) != 0 ? reply.size() : query_size + below(reply.size() - query_size);
    std::unique_ptr<uint8_t[]> exact(new uint8_t[size]);
    memcpy(exact.get(), reply.data(), size);
    print_reply(exact.get(), size, query_size, "lighthouse.example");
}

} // namespace

int main(int argc, char** argv) {
    const struct {
        const char* name;
        void (*run)();
    } parts[] = {{"shell", fuzz_shell}, {"request", fuzz_request}, {"dhcp", fuzz_dhcp}, {"dns", fuzz_dns}};
    int rounds = argc > 1 ? atoi(argv[1]) : 20000;
    state = argc > 2 ? strtoull(argv[2], nullptr, 0) : 1;
    FILE* report = fdopen(dup(1), "w");
    if (freopen("/dev/null", "w", stdout) == nullptr || freopen("/dev/null", "w", stderr) == nullptr) {
        return 1;
    }
    for (const auto& part : parts) {
        for (int i = 0; i < rounds; i++) {
            part.run();
        }
        fprintf(report, "ok %s\n", part.name);
        fflush(report);
    }
    return 0;
}
