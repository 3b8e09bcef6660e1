// Replies to the DHCP client: the fixed part is right, the options are the fuzzer's; or all of it is.

#include "fuzz/support/expect.hpp"
#include "user/dhclient/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t length) {
    if (length == 0) {
        return 0;
    }
    const transaction ours = {1234, {2, 0, 0, 0, 0, 1}};
    dhcp_message reply = {};
    size_t size = length - 1;
    if (bytes[0] % 8 == 7) {
        size = size < sizeof reply ? size : sizeof reply;
        memcpy(&reply, bytes + 1, size);
    } else {
        reply.op = 2;
        reply.htype = 1;
        reply.hlen = 6;
        reply.xid = ours.number;
        memcpy(reply.chaddr, ours.hardware, sizeof ours.hardware);
        memcpy(reply.magic, cookie, sizeof cookie);
        reply.yiaddr.s_addr = 1;
        size = size < sizeof reply.options ? size : sizeof reply.options;
        memcpy(reply.options, bytes + 1, size);
        size += fixed_bytes;
    }
    const fuzz::exact_copy exact(&reply, size);
    message_type type;
    lease result = {};
    if (parse_reply(*reinterpret_cast<const dhcp_message*>(exact.get()), size, ours, type, result)) {
        fuzz::expect(type == offer || type == ack || type == nak, "a message that no server sends");
        fuzz::expect(result.name_server_count >= 0 && result.name_server_count <= 3, "too many name servers");
    }
    return 0;
}
