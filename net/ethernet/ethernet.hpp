#pragma once
// The Ethernet layer: puts the 14-byte header on, takes it off and classifies by destination.

#include "net/core/net_device.hpp"
#include "net/core/sk_buff.hpp"

#include <cstdint>

namespace net {

/// Makes Ethernet devices receive through this layer.
void ethernet_init(stack& in);

/// Puts the header in front of a packet (14 bytes of headroom are there) and sends it by skb->device. The
/// packet's protocol is the type. Short frames are padded with zeros. Worker and process context.
void ethernet_transmit(skb_ptr skb, const uint8_t* destination);

} // namespace net
