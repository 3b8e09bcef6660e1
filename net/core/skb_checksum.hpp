#pragma once
// Checksums over packets whose bytes may lie in several blocks. Software's half of checksum offload.

#include "net/core/sk_buff.hpp"

namespace net {

/// Adds length bytes of the packet from offset (counted from data) to a sum (wire/checksum.hpp). The range
/// must lie inside the packet and offset be even relative to the message.
uint64_t skb_checksum_add(uint64_t sum, const sk_buff& skb, uint32_t offset, uint32_t length);

/// Marks a packet to send whose transport header starts at data: whoever can sums it last, the card or
/// skb_complete_checksum(). The field must hold the folded, not complemented pseudo-header sum already.
void skb_set_partial_checksum(sk_buff& skb, uint16_t field_offset);

/// Computes what checksum_state::partial left open, in software. The transport header must be linear.
void skb_complete_checksum(sk_buff& skb);

} // namespace net
