#pragma once
// Raw sockets (raw(7)): the IP payload of one protocol as it is, in and out.

#include "net/core/protocols.hpp"
#include "net/core/sk_buff.hpp"

namespace net {

struct raw_table;

/// Gives every raw socket that wants it a copy of a whole packet for this host; data at the IP header. True
/// when one took it. Worker context.
bool raw_deliver(stack& in, const sk_buff& skb);
/// Tells raw sockets about an ICMP error.
void raw_error(stack& in, const sk_buff& quoted, const icmp_error& what);

lib::result<raw_table*> create_raw_table();
void destroy_raw_table(raw_table* table);

} // namespace net
