// Checksums over packets in several pieces. A piece that starts at an odd offset of the message has its
// bytes in the other halves of the 16-bit words, which checksum_add_at() takes care of.

#include "net/core/skb_checksum.hpp"

#include "net/wire/checksum.hpp"

namespace net {

uint64_t skb_checksum_add(uint64_t sum, const sk_buff& skb, uint32_t offset, uint32_t length) {
    uint32_t done = 0;
    skb.for_each_run(offset, length, [&](const uint8_t* bytes, uint32_t run) {
        sum = wire::checksum_add_at(sum, bytes, run, done);
        done += run;
    });
    return sum;
}

void skb_set_partial_checksum(sk_buff& skb, uint16_t field_offset) {
    skb.checksum = checksum_state::partial;
    skb.checksum_start = static_cast<uint16_t>(skb.data - skb.head);
    skb.checksum_offset = field_offset;
}

void skb_complete_checksum(sk_buff& skb) {
    ASSERT(skb.checksum == checksum_state::partial);
    uint8_t* start = skb.head + skb.checksum_start;
    ASSERT(start >= skb.data && start + skb.checksum_offset + 2 <= skb.tail);
    const auto offset = static_cast<uint32_t>(start - skb.data);
    uint16_t sum = wire::checksum_finish(skb_checksum_add(0, skb, offset, skb.length() - offset));
    // UDP says "no checksum" with 0, so a sum of 0 is sent as its other representation (RFC 768). For TCP
    // both mean the same.
    if (sum == 0) {
        sum = 0xffff;
    }
    __builtin_memcpy(start + skb.checksum_offset, &sum, sizeof(sum));
    skb.checksum = checksum_state::none;
}

} // namespace net
