#pragma once
// The loopback device of a stack.

#include "net/core/net_device.hpp"
#include "net/core/sk_buff.hpp"

namespace net {

struct loopback {
    net_device device;
    skb_queue backlog; ///< sent, not yet received; guarded by device_lock
};

/// Makes and registers "lo", down: ENOMEM.
lib::result<net_device*> create_loopback(stack& in);
/// Brings a copy of what we send to many (a broadcast, a group) back up, as if its device had received it:
/// our own sockets hear it, too. It waits for the worker with the loopback's packets (Linux:
/// dev_loopback_xmit).
void loop_back(skb_ptr copy);
/// Frees it after unregister_netdev().
void destroy_loopback(net_device* device);
inline loopback& loopback_of(net_device& device) {
    return *static_cast<loopback*>(device.driver_data);
}

} // namespace net
