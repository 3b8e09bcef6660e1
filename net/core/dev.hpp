#pragma once
// Devices, as the layers above and stack::run() use them. What drivers need is in net_device.hpp.

#include "net/core/net_device.hpp"

namespace net {

/// Polls every device that asked for it, each with its budget. True when work is left over. Worker context.
bool poll_devices(stack& in);

/// Joins or leaves a group address of the link; counted. ENOBUFS.
lib::result<void> dev_add_multicast(net_device& device, const uint8_t* mac);
void dev_remove_multicast(net_device& device, const uint8_t* mac);
/// Counts who wants all frames, or all frames to groups, besides what the flags say. May be called under a
/// sock_lock, as the two above.
void dev_change_promiscuity(net_device& device, int change);
void dev_change_all_groups(net_device& device, int change);
/// Whether frames to a group address are wanted.
bool dev_listens_to(const net_device& device, const uint8_t* mac);

struct report_writer;
void report_dev(stack& in, report_writer& to); ///< /proc/net/dev

} // namespace net
