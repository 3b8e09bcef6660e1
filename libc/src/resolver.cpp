// Asking DNS servers: /etc/resolv.conf, datagrams with retries, TCP for long answers.
//
// Each question goes out with a random id from a socket of its own on a random port, connected to the server
// so that the kernel drops what others send; whatever does not repeat id and question is ignored until the
// time is up. Servers are asked in turn, and the round is repeated.

#include "libc/src/internal/dns.hpp"
#include "libc/src/internal/text_file.hpp"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace libc {

namespace {

constexpr const char* configuration_path = "/etc/resolv.conf";
constexpr size_t message_bytes = 4096;

int bounded_option(const char* text, int most) {
    int value = atoi(text);
    return value < 0 ? 0 : value > most ? most : value;
}

void read_option(const char* word, resolver_configuration& result) {
    if (strncmp(word, "ndots:", 6) == 0) {
        result.least_dots = bounded_option(word + 6, 15);
    } else if (strncmp(word, "timeout:", 8) == 0) {
        result.timeout_ms = 1000 * bounded_option(word + 8, 30);
    } else if (strncmp(word, "attempts:", 9) == 0) {
        result.attempts = bounded_option(word + 9, 5);
    }
}

long now_ms() {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint16_t random_word() {
    uint16_t value = 0;
    if (getrandom(&value, sizeof value, 0) != sizeof value) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        value = static_cast<uint16_t>(now.tv_nsec ^ now.tv_nsec >> 13);
    }
    return value;
}

/// Binds to a random port above 1023; if several are taken, the kernel chooses when connecting.
void bind_random_port(int fd) {
    struct sockaddr_in own = {};
    own.sin_family = AF_INET;
    for (int attempt = 0; attempt < 4; attempt++) {
        own.sin_port = htons(static_cast<uint16_t>(1024 + random_word() % (65536 - 1024)));
        if (bind(fd, reinterpret_cast<struct sockaddr*>(&own), sizeof own) == 0) {
            return;
        }
    }
}

int open_socket(int type, const struct sockaddr_in& server) {
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    if (type == SOCK_DGRAM) {
        bind_random_port(fd);
    }
    if (connect(fd, reinterpret_cast<const struct sockaddr*>(&server), sizeof server) < 0 &&
        errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

/// Waits until the socket is ready or the deadline passes.
bool wait_for(int fd, short events, long deadline_ms) {
    for (;;) {
        long left = deadline_ms - now_ms();
        struct pollfd waited = {fd, events, 0};
        int ready = left > 0 ? poll(&waited, 1, static_cast<int>(left)) : 0;
        if (ready >= 0 || errno != EINTR) {
            return ready > 0;
        }
    }
}

/// Moves all bytes through a stream before the deadline.
bool move_all(int fd, uint8_t* data, size_t size, bool sending, long deadline_ms) {
    while (size > 0) {
        if (!wait_for(fd, sending ? POLLOUT : POLLIN, deadline_ms)) {
            return false;
        }
        ssize_t moved = sending ? send(fd, data, size, MSG_NOSIGNAL) : recv(fd, data, size, 0);
        if (moved == 0 || (moved < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        if (moved > 0) {
            data += moved;
            size -= static_cast<size_t>(moved);
        }
    }
    return true;
}

/// One question over a datagram; the answer's size, 0 when none came in time.
size_t ask_by_datagram(const struct sockaddr_in& server, const uint8_t* question, size_t question_size,
                       uint8_t* answer, long deadline_ms) {
    int fd = open_socket(SOCK_DGRAM, server);
    if (fd < 0) {
        return 0;
    }
    size_t result = 0;
    if (send(fd, question, question_size, MSG_NOSIGNAL) == static_cast<ssize_t>(question_size)) {
        while (result == 0 && wait_for(fd, POLLIN, deadline_ms)) {
            ssize_t size = recv(fd, answer, message_bytes, 0);
            if (size < 0 && errno != EAGAIN && errno != EINTR) {
                break; // Refused: nobody listens there.
            }
            if (size > 0 && answers_question(answer, static_cast<size_t>(size), question, question_size)) {
                result = static_cast<size_t>(size);
            }
        }
    }
    close(fd);
    return result;
}

/// The same over TCP, where messages are preceded by their length (RFC 1035 4.2.2).
size_t ask_by_stream(const struct sockaddr_in& server, const uint8_t* question, size_t question_size,
                     uint8_t* answer, long deadline_ms) {
    int fd = open_socket(SOCK_STREAM, server);
    if (fd < 0) {
        return 0;
    }
    uint8_t framed[2 + dns_question_bytes] = {static_cast<uint8_t>(question_size >> 8),
                                              static_cast<uint8_t>(question_size)};
    memcpy(framed + 2, question, question_size);
    uint8_t prefix[2];
    size_t result = 0;
    if (move_all(fd, framed, question_size + 2, true, deadline_ms) &&
        move_all(fd, prefix, sizeof prefix, false, deadline_ms)) {
        size_t size = static_cast<size_t>(prefix[0]) << 8 | prefix[1];
        bool complete = size <= message_bytes && move_all(fd, answer, size, false, deadline_ms);
        result = complete && answers_question(answer, size, question, question_size) ? size : 0;
    }
    close(fd);
    return result;
}

/// Asks one server; the size of the raw answer, 0 when none came.
size_t ask_server(const struct sockaddr_in& server, const char* name, dns_type type, uint8_t* answer,
                  int timeout_ms) {
    uint8_t question[dns_question_bytes];
    size_t question_size = build_question(question, random_word(), name, type);
    long deadline = now_ms() + timeout_ms;
    size_t size = ask_by_datagram(server, question, question_size, answer, deadline);
    if (size > 0 && is_truncated(answer)) {
        size_t longer = ask_by_stream(server, question, question_size, answer, now_ms() + timeout_ms);
        size = longer > 0 ? longer
                          : ask_by_datagram(server, question, question_size, answer, now_ms() + timeout_ms);
    }
    return size;
}

} // namespace

void read_configuration(resolver_configuration& result) {
    text_file file(configuration_path);
    while (char* line = file.next_line("#;")) {
        const char* key = next_word(line);
        if (key == nullptr) {
            continue;
        }
        if (strcmp(key, "nameserver") == 0 && result.server_count < most_servers) {
            const char* server = next_word(line);
            struct sockaddr_in& added = result.servers[result.server_count];
            if (server != nullptr && inet_pton(AF_INET, server, &added.sin_addr) == 1) {
                added.sin_family = AF_INET;
                added.sin_port = htons(NAMESERVER_PORT);
                result.server_count++;
            }
        } else if (strcmp(key, "search") == 0 || strcmp(key, "domain") == 0) {
            strlcpy(result.search_text, line, sizeof result.search_text);
        } else if (strcmp(key, "options") == 0) {
            while (const char* word = next_word(line)) {
                read_option(word, result);
            }
        }
    }
}

bool is_valid_name(const char* name) {
    uint8_t question[dns_question_bytes];
    return *name != '\0' && build_question(question, 0, name, dns_a) > 0;
}

lookup_status ask_configured(const resolver_configuration& servers, const char* name, dns_type type,
                             lookup_result& result) {
    if (!is_valid_name(name)) {
        return lookup_status::not_found;
    }
    uint8_t answer[message_bytes];
    lookup_status status = lookup_status::try_again;
    for (int attempt = 0; attempt < servers.attempts; attempt++) {
        for (int i = 0; i < servers.server_count; i++) {
            size_t size = ask_server(servers.servers[i], name, type, answer, servers.timeout_ms);
            if (size == 0) {
                continue;
            }
            int found_before = result.count;
            status = parse_answer(answer, size, type, result);
            if (status != lookup_status::found) {
                result.count = found_before; // Half an answer is none.
            }
            if (status != lookup_status::try_again && status != lookup_status::failed) {
                return status;
            }
        }
    }
    return status;
}

} // namespace libc

extern "C" {

int res_init(void) {
    return 0;
}

int res_query(const char* name, int, int type, unsigned char* answer, int size) {
    libc::resolver_configuration servers;
    libc::read_configuration(servers);
    uint8_t message[libc::message_bytes];
    for (int i = 0; libc::is_valid_name(name) && i < servers.server_count * servers.attempts; i++) {
        const struct sockaddr_in& server = servers.servers[i % servers.server_count];
        size_t got =
            libc::ask_server(server, name, static_cast<libc::dns_type>(type), message, servers.timeout_ms);
        if (got > 0 && got <= static_cast<size_t>(size)) {
            memcpy(answer, message, got);
            return static_cast<int>(got);
        }
    }
    h_errno = TRY_AGAIN;
    return -1;
}

} // extern "C"
