#pragma once
// AF_PACKET: programs that see and send whole frames (DHCP clients, arping, tcpdump). A socket gets a copy of
// every frame of one protocol, or of all (ETH_P_ALL, then of outgoing ones too), on one interface or on all.
//
// The family registers itself in the stack and asks the device layer for frames through stack::tap; while no
// such socket is open that costs one load per frame.

#include "kernel/lib/result.hpp"
#include "net/port.hpp"

namespace net {

class stack;
struct report_writer;

/// Registers the family and makes its table. Once per stack. ENOMEM, EEXIST.
lib::result<void> packet_init(stack& in);
/// Frees the table; no socket of the family is left.
void packet_exit(stack& in);

/// Delivers the copies of outgoing frames that were made since the last call. Worker context.
void packet_deliver_outgoing(stack& in);

/// /proc/net/packet.
void packet_report(stack& in, report_writer& to);

} // namespace net
