#pragma once
// UDP (RFC 768, RFC 1122 §4.1).

namespace net {

class stack;

/// Makes the stack receive UDP.
void udp_init(stack& in);

} // namespace net
