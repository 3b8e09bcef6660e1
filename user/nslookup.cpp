// nslookup: asks a name server and prints its answer. It builds the query and takes the reply apart itself
// (RFC 1035), so it shows the protocol that the resolver of libc speaks too.
//
// A reply comes from the network: every length, and every jump of a compressed name, is checked.

#include "user/connect.hpp"

#include <poll.h>
#include <stdint.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

static const char usage[] =
    "usage: nslookup [-type=A|AAAA|MX|NS|CNAME|TXT|SOA|PTR] NAME [SERVER]\n"
    "An address as NAME asks for its name (PTR). SERVER is that of /etc/resolv.conf.\n";

constexpr size_t header_bytes = 12;
constexpr int attempts = 3;
constexpr int patience_ms = 2000;
constexpr uint16_t class_internet = 1;

struct record_type {
    uint16_t number;
    const char* name;
};

constexpr record_type types[] = {{1, "A"},    {2, "NS"},  {5, "CNAME"}, {6, "SOA"},
                                 {12, "PTR"}, {15, "MX"}, {16, "TXT"},  {28, "AAAA"}};

static const char* type_name(uint16_t number) {
    for (const record_type& entry : types) {
        if (entry.number == number) {
            return entry.name;
        }
    }
    return "?";
}

/// A message with a position that never leaves it: after a read beyond the end, `good` is false and all reads
/// give 0.
class message_reader {
public:
    message_reader(const uint8_t* data, size_t size, size_t start) : data_(data), size_(size), next_(start) {}

    uint8_t byte() {
        good_ = good_ && next_ < size_;
        return good_ ? data_[next_++] : 0;
    }
    uint16_t word() {
        uint16_t high = byte();
        return static_cast<uint16_t>(high << 8 | byte());
    }
    uint32_t number() {
        uint32_t high = word();
        return high << 16 | word();
    }
    /// A name, its compression followed (RFC 1035 4.1.4). Every jump must go backwards, so jumps end.
    void name(char* to, size_t size) {
        size_t used = 0;
        size_t at = next_;
        size_t lowest = next_;
        bool jumped = false;
        while (good_) {
            if (at >= size_) {
                good_ = false;
                break;
            }
            uint8_t length = data_[at++];
            if ((length & 0xc0) == 0xc0) {
                size_t target = at < size_ ? static_cast<size_t>(length & 0x3f) << 8 | data_[at] : size_;
                if (!jumped) {
                    next_ = at + 1;
                }
                jumped = true;
                good_ = target < lowest;
                at = lowest = target;
                continue;
            }
            good_ = (length & 0xc0) == 0 && length <= size_ - at && used + length + 2 < size;
            if (length == 0 || !good_) {
                break;
            }
            memcpy(to + used, data_ + at, length);
            used += length;
            to[used++] = '.';
            at += length;
        }
        to[used > 1 ? used - 1 : used] = '\0';
        if (!jumped) {
            next_ = at;
        }
    }
    void skip_to(size_t position) {
        good_ = good_ && position <= size_;
        next_ = position;
    }
    size_t position() const { return next_; }
    bool good() const { return good_; }

private:
    const uint8_t* data_;
    size_t size_;
    size_t next_;
    bool good_ = true;
};

static uint8_t query[512];

static void put_word(size_t at, unsigned value) {
    query[at] = static_cast<uint8_t>(value >> 8);
    query[at + 1] = static_cast<uint8_t>(value);
}

/// Header with "recursion desired", one question; the size, or 0 for a name that is none.
static size_t build_query(const char* name, uint16_t type, uint16_t identifier) {
    put_word(0, identifier);
    put_word(2, 0x0100);
    put_word(4, 1);
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
    put_word(used, type);
    put_word(used + 2, class_internet);
    return used + 4;
}

static bool default_server(char* server, size_t size) {
    FILE* file = fopen("/etc/resolv.conf", "r");
    if (file == nullptr) {
        return false;
    }
    char line[256];
    bool found = false;
    while (!found && fgets(line, sizeof line, file) != nullptr) {
        char address[64];
        found = sscanf(line, "nameserver %63s", address) == 1 && snprintf(server, size, "%s", address) > 0;
    }
    fclose(file);
    return found;
}

/// Sends the query until the answer to it comes; its size.
static size_t ask(const char* server, size_t query_size, uint8_t (&reply)[4096]) {
    char peer[64];
    int fd = connect_to(server, "53", SOCK_DGRAM, peer, sizeof peer);
    if (fd < 0) {
        exit(1);
    }
    printf("Server:  %s\n\n", peer);
    fflush(stdout);
    int error = ETIMEDOUT;
    for (int i = 0; i < attempts; i++) {
        if (send(fd, query, query_size, 0) < 0) {
            err(1, "%s", peer);
        }
        struct pollfd wanted = {fd, POLLIN, 0};
        while (poll(&wanted, 1, patience_ms) > 0) {
            ssize_t size = recv(fd, reply, sizeof reply, 0);
            if (size < 0) {
                error = errno;
                break;
            }
            bool ours = static_cast<size_t>(size) >= query_size && memcmp(reply, query, 2) == 0 &&
                        (reply[2] & 0x80) &&
                        memcmp(reply + header_bytes, query + header_bytes, query_size - header_bytes) == 0;
            if (ours) {
                close(fd);
                return static_cast<size_t>(size);
            }
        }
    }
    errno = error;
    err(1, "%s: no answer", peer);
}

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

static int print_reply(const uint8_t* reply, size_t size, size_t query_size, const char* name) {
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

int main(int argc, char** argv) {
    answer_help(argc, argv, usage);
    uint16_t type = 0;
    int next = 1;
    if (next < argc && strncmp(argv[next], "-type=", 6) == 0) {
        for (const record_type& entry : types) {
            type = strcasecmp(entry.name, argv[next] + 6) == 0 ? entry.number : type;
        }
        if (type == 0) {
            usage_error(usage);
        }
        next++;
    }
    if (next >= argc || argc - next > 2) {
        usage_error(usage);
    }
    const char* name = argv[next];
    char server[64], reverse[64];
    if (next + 1 < argc) {
        snprintf(server, sizeof server, "%s", argv[next + 1]);
    } else if (!default_server(server, sizeof server)) {
        errx(1, "/etc/resolv.conf names no server");
    }
    uint8_t address[4];
    if (inet_pton(AF_INET, name, address) == 1 && type == 0) {
        snprintf(reverse, sizeof reverse, "%u.%u.%u.%u.in-addr.arpa", address[3], address[2], address[1],
                 address[0]);
        name = reverse;
        type = 12;
    }
    uint16_t identifier;
    if (getrandom(&identifier, sizeof identifier, 0) != sizeof identifier) {
        identifier = static_cast<uint16_t>(time(nullptr));
    }
    size_t query_size = build_query(name, type != 0 ? type : 1, identifier);
    if (query_size == 0) {
        errx(exit_usage, "not a name: '%s'", name);
    }
    static uint8_t reply[4096];
    size_t size = ask(server, query_size, reply);
    return print_reply(reply, size, query_size, name);
}
