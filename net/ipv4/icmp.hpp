#pragma once
// ICMP (RFC 792, RFC 1122 §3.2.2): echo, errors out, errors in.

#include "kernel/abi/inet.h"
#include "net/core/protocols.hpp"
#include "net/core/sk_buff.hpp"

#include <cstdint>

namespace net {

struct icmp_state;

/// Sends an error about a packet whose data starts at its IP header, unless RFC 1122 §3.2.2 forbids it (about
/// an error, a broadcast, a later fragment, from nobody) or the limit of errors per second is used up. `info`
/// is the MTU of "fragmentation needed" or the pointer of "parameter problem". Borrows the packet. Worker
/// and process context, no lock of rank neighbour or above held.
void icmp_send(stack& in, const sk_buff& cause, uint8_t type, uint8_t code, uint32_t info);

/// Counts a message that leaves.
void icmp_count_out(stack& in, uint8_t type);

lib::result<icmp_state*> create_icmp_state();
void destroy_icmp_state(icmp_state* state);
void icmp_init(stack& in);

} // namespace net
