#pragma once
// Ping sockets: SOCK_DGRAM with IPPROTO_ICMP. A user without privileges may send echo requests and gets the
// replies to its own. The identifier is the local port.

#include "net/core/protocols.hpp"
#include "net/core/sk_buff.hpp"

namespace net {

/// An echo reply came; data at the ICMP header. Worker context.
void ping_receive(stack& in, skb_ptr skb);
/// An error about an echo request of ours.
void ping_error(stack& in, const sk_buff& quoted, const icmp_error& what);

} // namespace net
