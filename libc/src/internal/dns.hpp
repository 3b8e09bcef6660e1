#pragma once
// DNS messages (RFC 1035 4): building a question and taking an answer apart, strictly.
//
// An answer comes from whoever answers first, so nothing in it is believed: every length is checked against
// the message's end, a compression pointer must lead strictly backwards (so that there are no loops), a name
// has at most 255 bytes and 127 labels, and the data of a record must have exactly the size of its type.

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

namespace libc {

inline constexpr size_t dns_name_bytes = 256; // as text, with the zero byte
inline constexpr size_t dns_question_bytes = 12 + 255 + 4;
inline constexpr int most_addresses = 24;

enum dns_type : uint16_t { dns_a = 1, dns_cname = 5, dns_ptr = 12, dns_aaaa = 28 };

enum class lookup_status { found, not_found, no_data, try_again, failed };

struct ip_address {
    int family; // AF_INET or AF_INET6
    unsigned char bytes[16];
};

/// What a look-up found: addresses of a name, or the name of an address in `name`.
struct lookup_result {
    int count;
    ip_address addresses[most_addresses];
    char name[dns_name_bytes]; // canonical name
};

inline constexpr int most_servers = 3;

/// What /etc/resolv.conf says.
struct resolver_configuration {
    struct sockaddr_in servers[most_servers];
    int server_count = 0;
    char search_text[256] = "";
    int least_dots = 1;
    int timeout_ms = 3000;
    int attempts = 3;
};

/// Reads /etc/resolv.conf.
void read_configuration(resolver_configuration& result);

/// Whether a name has the form of one, so that it can be asked for.
bool is_valid_name(const char* name);

/// Asks the configured servers in turn for a complete name.
lookup_status ask_configured(const resolver_configuration& servers, const char* name, dns_type type,
                             lookup_result& result);

/// Builds a question into a buffer of dns_question_bytes; its size, or 0 when `name` is no valid name.
size_t build_question(uint8_t* message, uint16_t id, const char* name, dns_type type);

/// Whether a message is an answer to the question (id and question repeated).
bool answers_question(const uint8_t* message, size_t size, const uint8_t* question, size_t question_size);

/// Whether the answer was cut to fit a datagram, so that TCP must be used.
bool is_truncated(const uint8_t* message);

/// Takes an answer apart, following aliases, and adds what it finds to `result`.
lookup_status parse_answer(const uint8_t* message, size_t size, dns_type type, lookup_result& result);

/// Addresses of a name for a family (AF_UNSPEC: any the machine can use): /etc/hosts first, then DNS with the
/// search list of /etc/resolv.conf.
lookup_status find_addresses(const char* name, int family, lookup_result& result);

/// Name of an address: /etc/hosts first, then DNS.
lookup_status find_name(const ip_address& address, lookup_result& result);

/// Parses a numeric address of a family (AF_UNSPEC: either).
bool parse_address(const char* text, int family, ip_address& address);

/// Whether sockets of AF_INET6 exist here.
bool has_ipv6();

} // namespace libc
