#pragma once
// IPv4, upwards.

namespace net {

class stack;

/// Makes the stack receive IPv4.
void ip_init(stack& in);

} // namespace net
