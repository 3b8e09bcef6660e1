// Building and reading DHCP messages.

#include "user/dhclient/message.hpp"

#include <string.h>

constexpr size_t least_option_bytes = 60; // 300 with the fixed part

void option_writer::add(uint8_t code, const void* data, uint8_t size) {
    message_.options[used_++] = code;
    message_.options[used_++] = size;
    memcpy(message_.options + used_, data, size);
    used_ += size;
}

size_t option_writer::finish() {
    message_.options[used_++] = option_end;
    return fixed_bytes + (used_ < least_option_bytes ? least_option_bytes : used_);
}

/// One option whose `size` bytes are known to be there. Of a wrong size, it is ignored.
static void take_option(uint8_t code, const uint8_t* data, uint8_t size, message_type& type, lease& result) {
    if (code == option_message_type && size == 1) {
        type = static_cast<message_type>(data[0]);
    }
    if (code == option_name_server && size % 4 == 0) {
        for (uint8_t i = 0; i + 4 <= size && result.name_server_count < 3; i += 4) {
            memcpy(&result.name_servers[result.name_server_count++], data + i, 4);
        }
    }
    if (size < 4) {
        return;
    }
    switch (code) {
    case option_mask:
        memcpy(&result.mask, data, 4);
        break;
    case option_router:
        memcpy(&result.router, data, 4);
        break;
    case option_server:
        memcpy(&result.server, data, 4);
        break;
    case option_lease_time:
        result.seconds = number_at(data);
        break;
    case option_renewal_time:
        result.renew_after = number_at(data);
        break;
    case option_rebinding_time:
        result.rebind_after = number_at(data);
        break;
    default:
        break;
    }
}

bool parse_reply(const dhcp_message& message, size_t size, const transaction& ours, message_type& type,
                 lease& result) {
    if (size < fixed_bytes || message.op != 2 || message.htype != 1 || message.hlen != sizeof ours.hardware ||
        message.xid != ours.number || memcmp(message.chaddr, ours.hardware, sizeof ours.hardware) != 0 ||
        memcmp(message.magic, cookie, sizeof cookie) != 0) {
        return false;
    }
    result = {};
    type = static_cast<message_type>(0);
    size_t length = size - fixed_bytes;
    for (size_t i = 0; i < length && message.options[i] != option_end;) {
        uint8_t code = message.options[i++];
        if (code == option_pad) {
            continue;
        }
        if (i >= length || message.options[i] > length - i - 1) {
            return false; // an option that ends beyond the message
        }
        uint8_t option_size = message.options[i++];
        take_option(code, message.options + i, option_size, type, result);
        i += option_size;
    }
    result.address = message.yiaddr;
    return type == nak || ((type == offer || type == ack) && result.address.s_addr != 0);
}
