// Answers to the resolver of the C library: the first two bytes choose the question, the rest is the message.
// What it calls found must have addresses, or a name without surprises.

#include "libc/src/dns_message.cpp"

#include "fuzz/support/expect.hpp"

using fuzz::expect;

namespace {

bool sane_name(const char* name) {
    for (; *name != '\0'; name++) {
        if (!isalnum(static_cast<unsigned char>(*name)) && strchr("-_.", *name) == nullptr) {
            return false;
        }
    }
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    static constexpr libc::dns_type types[] = {libc::dns_a, libc::dns_cname, libc::dns_ptr, libc::dns_aaaa};
    if (length < 2) {
        return 0;
    }
    const libc::dns_type type = types[bytes[0] & 3];
    const bool with_question = (bytes[1] & 1) != 0;
    uint8_t question[libc::dns_question_bytes];
    const size_t question_bytes = libc::build_question(question, 0x1234, "www.example", type);
    // With the question in front of it, the input is the header's flags and counts and the records.
    uint8_t message[1500];
    size_t size = 0;
    if (with_question) {
        memcpy(message, question, question_bytes);
        size = question_bytes;
        const size_t flags = length - 2 < 10 ? length - 2 : 10;
        memcpy(message + 2, bytes + 2, flags);
        bytes += flags;
        length -= flags;
    }
    const size_t more = length - 2 < sizeof message - size ? length - 2 : sizeof message - size;
    memcpy(message + size, bytes + 2, more);
    size += more;
    const fuzz::exact_copy exact(message, size);
    if (size < 4 || !libc::answers_question(exact.get(), size, question, question_bytes)) {
        return 0;
    }
    libc::lookup_result result;
    result.count = 0;
    result.name[0] = '\0';
    if (libc::parse_answer(exact.get(), size, type, result) == libc::lookup_status::found) {
        expect(strlen(result.name) < sizeof result.name && sane_name(result.name), "a name with surprises");
        expect(result.count <= libc::most_addresses, "more addresses than there is room for");
        expect(type == libc::dns_ptr || result.count > 0, "found, but nothing");
    }
    return 0;
}
