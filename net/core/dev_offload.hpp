#pragma once
// What a device cannot do by itself, done in software, so that no layer above has to ask.

#include "net/core/net_device.hpp"

namespace net {

/// Turns a packet into the frames that the device can take: cut into segments, linear, summed. They are
/// appended to `frames`. False: nothing is left of it (dropped with a reason). Device lock not held.
bool prepare_for_device(const net_device& device, skb_ptr packet, skb_queue& frames);

} // namespace net
