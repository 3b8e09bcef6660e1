#pragma once
// /dev/trace and the trace records of a panic; used by start_network() only.

#include "kernel/lib/result.hpp"

namespace net {
class stack;
}

namespace net::port {

/// Registers /dev/trace, lets a panic print the last records, and switches on the events that `names` lists
/// ("tcp,arp", from the command line; nullptr: none). Process context. ENOMEM.
lib::result<void> start_trace(stack& in, const char* names);

} // namespace net::port
