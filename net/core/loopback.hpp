#pragma once
// The loopback device of a stack.

#include "net/core/net_device.hpp"

namespace net {

/// Makes and registers "lo", down: ENOMEM.
lib::result<net_device*> create_loopback(stack& in);
/// Frees it after unregister_netdev().
void destroy_loopback(net_device* device);

} // namespace net
