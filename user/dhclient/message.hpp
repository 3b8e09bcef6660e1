#pragma once
// DHCP messages (RFC 2131 2, RFC 2132): the fixed part, the options, and taking a reply apart. No sockets, no
// state: what comes from the network is checked here before anybody uses it.

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum message_type : uint8_t { discover = 1, offer = 2, request = 3, decline = 4, ack = 5, nak = 6 };

// Options (RFC 2132).
enum option : uint8_t {
    option_pad = 0,
    option_mask = 1,
    option_router = 3,
    option_name_server = 6,
    option_requested_address = 50,
    option_lease_time = 51,
    option_message_type = 53,
    option_server = 54,
    option_parameters = 55,
    option_renewal_time = 58,
    option_rebinding_time = 59,
    option_end = 255,
};

constexpr in_port_t server_port = 67;
constexpr in_port_t client_port = 68;
constexpr uint8_t cookie[4] = {99, 130, 83, 99};

/// The fixed part of a message (RFC 2131 2).
struct dhcp_message {
    uint8_t op, htype, hlen, hops;
    uint32_t xid;
    uint16_t secs, flags;
    struct in_addr ciaddr, yiaddr, siaddr, giaddr;
    uint8_t chaddr[16];
    uint8_t sname[64];
    uint8_t file[128];
    uint8_t magic[4];
    uint8_t options[312];
};
static_assert(sizeof(dhcp_message) == 552);
constexpr size_t fixed_bytes = sizeof(dhcp_message) - 312;

struct lease {
    struct in_addr address, mask, router, server;
    struct in_addr name_servers[3];
    int name_server_count;
    uint32_t seconds, renew_after, rebind_after;
};

/// Appends options to a message that is being built.
class option_writer {
public:
    explicit option_writer(dhcp_message& message) : message_(message) {}

    void add(uint8_t code, const void* data, uint8_t size);
    /// Ends the options; the size of the whole message, at least the 300 bytes that BOOTP relays want.
    size_t finish();

private:
    dhcp_message& message_;
    size_t used_ = 0;
};

/// What a reply must answer.
struct transaction {
    uint32_t number;
    uint8_t hardware[6];
};

/// Takes a reply of `size` bytes apart; false when it is not for us or not well-formed.
bool parse_reply(const dhcp_message& message, size_t size, const transaction& ours, message_type& type,
                 lease& result);

/// A number in network byte order.
inline uint32_t number_at(const uint8_t* data) {
    return static_cast<uint32_t>(data[0]) << 24 | static_cast<uint32_t>(data[1]) << 16 |
           static_cast<uint32_t>(data[2]) << 8 | data[3];
}
