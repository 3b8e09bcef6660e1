#pragma once
// The end of a batch: what segments that came together have caused is sent once for all of them. Worker
// context.

#include "net/ipv4/tcp.hpp"

namespace net {

/// An ACK is due. sock_lock held.
void tcp_owe_ack(tcp_sock& sk);
/// Data may leave that could not before. sock_lock held.
void tcp_owe_push(tcp_sock& sk);
/// All frames that were there have been taken: sends what is owed. No lock held.
void tcp_end_batch(stack& in);

} // namespace net
