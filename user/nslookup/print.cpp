// The records of an answer, one to a line.

#include "user/nslookup/print.hpp"
#include "user/nslookup/message.hpp"
#include "user/program.hpp"

#include <arpa/inet.h>

static void print_text(message_reader& reader, size_t end) {
    while (reader.good() && reader.position() < end) {
        putchar('"');
        for (uint8_t left = reader.byte(); left > 0 && reader.position() < end; left--) {
            uint8_t c = reader.byte();
            putchar(c >= ' ' && c < 127 ? c : '.');
        }
        fputs("\" ", stdout);
    }
}

/// The data of one record, which ends at `end`.
static void print_data(message_reader& reader, uint16_t type, size_t end) {
    char name[256];
    uint8_t address[16];
    char text[INET6_ADDRSTRLEN];
    size_t size = end - reader.position();
    if ((type == 1 && size == 4) || (type == 28 && size == 16)) {
        for (size_t i = 0; i < size; i++) {
            address[i] = reader.byte();
        }
        fputs(inet_ntop(type == 1 ? AF_INET : AF_INET6, address, text, sizeof text), stdout);
    } else if (type == 15) {
        printf("%u ", reader.word());
        reader.name(name, sizeof name);
        fputs(name, stdout);
    } else if (type == 16) {
        print_text(reader, end);
    } else if (type == 2 || type == 5 || type == 6 || type == 12) {
        reader.name(name, sizeof name);
        fputs(name, stdout);
    } else {
        printf("(%zu bytes)", size);
    }
}

/// Prints a section of `count` records; false when the message is broken.
static bool print_records(message_reader& reader, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        char name[256];
        reader.name(name, sizeof name);
        uint16_t type = reader.word();
        reader.word(); // class
        uint32_t lifetime = reader.number();
        size_t end = reader.word();
        end += reader.position();
        if (!reader.good()) {
            return false;
        }
        printf("%-30s %-5s ", name, type_name(type));
        print_data(reader, type, end);
        printf("   (%u s)\n", lifetime);
        reader.skip_to(end);
    }
    return reader.good();
}

int print_reply(const uint8_t* reply, size_t size, size_t query_size, const char* name) {
    static const char* const errors[] = {"",
                                         "the server does not understand the question",
                                         "the server failed",
                                         "no such name",
                                         "not implemented",
                                         "refused"};
    unsigned code = reply[3] & 15;
    if (code != 0) {
        warnx("%s: %s", name, code < 6 ? errors[code] : "unknown error");
        return 1;
    }
    unsigned answers = static_cast<unsigned>(reply[6] << 8 | reply[7]);
    message_reader reader(reply, size, query_size);
    if (answers == 0) {
        warnx("%s: the name exists, but has no record of this type", name);
        return 1;
    }
    if (!print_records(reader, answers)) {
        warnx("the rest of the reply is broken");
        return 1;
    }
    if (reply[2] & 0x02) {
        puts("(the reply was cut to fit one datagram)");
    }
    return finish(0);
}
