// Building a query.

#include "user/nslookup/message.hpp"

#include <string.h>

constexpr uint16_t class_internet = 1;

const char* type_name(uint16_t number) {
    for (const record_type& entry : types) {
        if (entry.number == number) {
            return entry.name;
        }
    }
    return "?";
}

static void put_word(uint8_t* query, size_t at, unsigned value) {
    query[at] = static_cast<uint8_t>(value >> 8);
    query[at + 1] = static_cast<uint8_t>(value);
}

size_t build_query(uint8_t (&query)[query_limit], const char* name, uint16_t type, uint16_t identifier) {
    put_word(query, 0, identifier);
    put_word(query, 2, 0x0100);
    put_word(query, 4, 1);
    size_t used = header_bytes;
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        if (length == 0 || length > 63 || used + length + 6 > header_bytes + 255) {
            return 0;
        }
        query[used++] = static_cast<uint8_t>(length);
        memcpy(query + used, name, length);
        used += length;
        name += length + (name[length] == '.');
    }
    query[used++] = 0;
    put_word(query, used, type);
    put_word(query, used + 2, class_internet);
    return used + 4;
}
