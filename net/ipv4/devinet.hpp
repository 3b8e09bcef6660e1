#pragma once
// The ioctl requests about interfaces, neighbours and routes (netdevice(7), arp(7), rtentry of
// <net/route.h>).

#include "net/core/sock.hpp"

#include <cstdint>

namespace net {

/// Whether an ioctl command is one of these.
bool is_interface_request(unsigned command);
/// Carries it out; `argument` is the user's address of a struct ifreq, ifconf, arpreq or rtentry. EPERM for
/// changes without the right to make them, ENODEV, EADDRNOTAVAIL, EINVAL, EFAULT, ... Process context.
lib::result<long> interface_ioctl(stack& in, unsigned command, uintptr_t argument);
/// SIOCGSTAMP: when the last packet that the user received came in; ENOENT.
lib::result<long> report_last_stamp(sock& sk, uintptr_t argument);

} // namespace net
