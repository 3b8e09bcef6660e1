// Building and parsing DNS messages; internal/dns.hpp has the rules, RFC 1035 4.1 the format.

#include "libc/src/internal/dns.hpp"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

namespace libc {

namespace {

constexpr size_t header_bytes = 12;
constexpr size_t label_bytes = 63;
constexpr size_t wire_name_bytes = 255;
constexpr int most_labels = 127;
constexpr int most_aliases = 16;
constexpr uint16_t class_internet = 1;
constexpr uint8_t flag_response = 0x80;
constexpr uint8_t flag_truncated = 0x02;
constexpr uint8_t flag_recursion_desired = 0x01;
constexpr uint8_t opcode_mask = 0x78;
constexpr uint8_t response_code_mask = 0x0f;

/// A place in a message that never leaves it.
struct reader {
    const uint8_t* message;
    size_t size;
    size_t place;
    bool broken = false;

    bool has(size_t bytes) {
        broken |= size - place < bytes;
        return !broken;
    }
    uint16_t take_16() {
        if (!has(2)) {
            return 0;
        }
        place += 2;
        return static_cast<uint16_t>(message[place - 2] << 8 | message[place - 1]);
    }
    void skip(size_t bytes) { place += has(bytes) ? bytes : 0; }
};

/// Characters of host names; others could trick whoever prints or passes them on.
bool is_name_character(uint8_t character) {
    return isalnum(character) || character == '-' || character == '_';
}

/// Reads a name, perhaps compressed (RFC 1035 4.1.4), as text without a dot at the end.
bool read_name(reader& from, char* text) {
    size_t place = from.place;
    size_t limit = from.place; // Pointers must lead before this.
    size_t wire_bytes = 1;
    size_t used = 0;
    bool jumped = false;
    for (int labels = 0; labels <= most_labels; labels++) {
        if (place >= from.size) {
            return false;
        }
        uint8_t length = from.message[place++];
        if (length >= 0xc0) {
            if (place >= from.size) {
                return false;
            }
            size_t target = static_cast<size_t>(length & 0x3f) << 8 | from.message[place++];
            if (target >= limit) {
                return false;
            }
            from.place = jumped ? from.place : place;
            jumped = true;
            place = limit = target;
            labels--; // Not a label; strictly backward pointers end by themselves.
            continue;
        }
        wire_bytes += length + 1u;
        if (length > label_bytes || from.size - place < length || wire_bytes > wire_name_bytes) {
            return false;
        }
        if (length == 0) {
            text[used > 0 ? used - 1 : 0] = '\0';
            from.place = jumped ? from.place : place;
            return true;
        }
        for (uint8_t i = 0; i < length; i++) {
            uint8_t character = from.message[place++];
            if (!is_name_character(character)) {
                return false;
            }
            text[used++] = static_cast<char>(character);
        }
        text[used++] = '.';
    }
    return false;
}

struct record {
    char owner[dns_name_bytes];
    uint16_t type;
    uint16_t record_class;
    size_t data_size;
    reader data;
};

/// Reads a resource record and moves behind it (RFC 1035 4.1.3).
bool read_record(reader& from, record& result) {
    if (!read_name(from, result.owner)) {
        return false;
    }
    result.type = from.take_16();
    result.record_class = from.take_16();
    from.skip(4); // time to live: nothing is cached
    result.data_size = from.take_16();
    result.data = from;
    from.skip(result.data_size);
    return !from.broken;
}

/// Reads the one question of a message; leaves `from` at the answers.
bool read_question(reader& from, char* name) {
    from.place = header_bytes;
    if (!read_name(from, name)) {
        return false;
    }
    from.skip(4);
    return !from.broken;
}

uint16_t word_at(const uint8_t* message, size_t place) {
    return static_cast<uint16_t>(message[place] << 8 | message[place + 1]);
}

/// Reads a name that must fill a record's data exactly.
bool read_target(const record& from, char* text) {
    reader data = from.data;
    return read_name(data, text) && data.place == from.data.place + from.data_size;
}

void add_address(const record& from, lookup_result& result) {
    size_t wanted = from.type == dns_a ? 4 : 16;
    if (from.data_size != wanted || result.count == most_addresses) {
        return;
    }
    ip_address& added = result.addresses[result.count++];
    added.family = from.type == dns_a ? AF_INET : AF_INET6;
    memcpy(added.bytes, from.data.message + from.data.place, wanted);
}

} // namespace

size_t build_question(uint8_t* message, uint16_t id, const char* name, dns_type type) {
    memset(message, 0, header_bytes);
    message[0] = static_cast<uint8_t>(id >> 8);
    message[1] = static_cast<uint8_t>(id);
    message[2] = flag_recursion_desired;
    message[5] = 1; // one question
    size_t size = header_bytes;
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        if (length == 0 || length > label_bytes || size + length + 2 > header_bytes + wire_name_bytes) {
            return 0;
        }
        message[size++] = static_cast<uint8_t>(length);
        for (size_t i = 0; i < length; i++) {
            if (!is_name_character(static_cast<uint8_t>(name[i]))) {
                return 0;
            }
            message[size++] = static_cast<uint8_t>(name[i]);
        }
        name += length;
        name += *name == '.';
    }
    message[size++] = 0;
    message[size++] = static_cast<uint8_t>(type >> 8);
    message[size++] = static_cast<uint8_t>(type);
    message[size++] = 0;
    message[size++] = class_internet;
    return size;
}

bool answers_question(const uint8_t* message, size_t size, const uint8_t* question, size_t question_size) {
    if (size < question_size || memcmp(message, question, 2) != 0 || (message[2] & flag_response) == 0 ||
        (message[2] & opcode_mask) != 0 || word_at(message, 4) != 1) {
        return false;
    }
    // Case may differ; bytes below 64 (lengths) are not letters, so comparing without case is safe.
    for (size_t i = header_bytes; i < question_size; i++) {
        if (tolower(message[i]) != tolower(question[i])) {
            return false;
        }
    }
    return true;
}

bool is_truncated(const uint8_t* message) {
    return (message[2] & flag_truncated) != 0;
}

lookup_status parse_answer(const uint8_t* message, size_t size, dns_type type, lookup_result& result) {
    switch (message[3] & response_code_mask) {
    case 0:
        break;
    case 3:
        return lookup_status::not_found;
    case 2:
        return lookup_status::try_again;
    default:
        return lookup_status::failed;
    }
    reader question = {message, size, 0};
    char wanted[dns_name_bytes];
    if (!read_question(question, wanted)) {
        return lookup_status::failed;
    }
    int found_before = result.count;
    unsigned records = word_at(message, 6);
    for (int alias = 0; alias < most_aliases; alias++) {
        bool renamed = false;
        reader answers = question;
        record each;
        for (unsigned i = 0; i < records && read_record(answers, each); i++) {
            if (each.record_class != class_internet || strcasecmp(each.owner, wanted) != 0) {
                continue;
            }
            if (each.type == type && type == dns_ptr) {
                return read_target(each, result.name) ? lookup_status::found : lookup_status::failed;
            }
            if (each.type == type) {
                add_address(each, result);
            } else if (each.type == dns_cname && !renamed) {
                char target[dns_name_bytes];
                if (!read_target(each, target)) {
                    return lookup_status::failed;
                }
                strcpy(wanted, target);
                renamed = true;
                break;
            }
        }
        if (!renamed) {
            break;
        }
    }
    strcpy(result.name, wanted);
    return result.count > found_before ? lookup_status::found : lookup_status::no_data;
}

} // namespace libc
