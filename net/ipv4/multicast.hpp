#pragma once
// Membership in multicast groups (RFC 1112 §7, ip(7)). A host that has joined 224.0.0.1 and filters by group
// is a level 2 receiver on its own link; IGMP, which asks routers for groups from further away, is not
// spoken.

#include "net/ipv4/inet_sock.hpp"

#include <cstdint>

namespace net {

/// Joins or leaves a group on a device (0: the one that a route names). EINVAL, ENODEV, EADDRINUSE: joined
/// already; EADDRNOTAVAIL: not joined; ENOBUFS. No lock held.
lib::result<void> join_group(inet_sock& sk, uint32_t group, uint32_t interface_address, unsigned device);
lib::result<void> leave_group(inet_sock& sk, uint32_t group, uint32_t interface_address, unsigned device);
void leave_all_groups(inet_sock& sk);

/// The device with an address of ours; nullptr when there is none.
net_device* device_with_address(stack& in, uint32_t address);

} // namespace net
