#pragma once
// Arguments that socket calls of all kinds take.

#include "fuzz/support/input.hpp"
#include "net/core/socket.hpp"

namespace fuzz {

/// An address: one that suits the socket's family, or bytes of any kind and length.
void pick_socket_address(input& in, const net::socket& which, uint32_t own, net::socket_address& to);

/// An address in user memory, mostly a good one.
uintptr_t pick_user_address(input& in);

/// A number at which something changes.
int pick_number(input& in);

} // namespace fuzz
