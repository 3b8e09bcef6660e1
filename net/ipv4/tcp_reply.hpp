#pragma once
// Segments that belong to no connection: resets, the ACKs of TIME_WAIT, SYN-ACKs of half-open connections.

#include "net/core/sk_buff.hpp"
#include "net/ipv4/tcp_endpoint.hpp"
#include "net/wire/tcp.hpp"
#include "net/wire/tcp_options.hpp"

namespace net {

class stack;

struct tcp_reply {
    tcp_key key; ///< from local to remote
    wire::seq seq;
    wire::seq ack;
    uint8_t flags = 0;
    uint16_t window = 0; ///< the raw field
    wire::tcp_options options;
    int16_t ttl = -1; ///< -1: ip_default_ttl
    uint8_t tos = 0;
};

/// Sends a segment without payload and without a sock. Worker and process context.
lib::result<void> tcp_send_reply(stack& in, const tcp_reply& reply);
/// Answers a segment that belongs nowhere with a RST (RFC 9293 §3.10.7.1): never to a RST, never to a
/// broadcast, and at most 200 a second. `cause` is as tcp_receive() gets it.
void tcp_send_reset(stack& in, const sk_buff& cause);
/// The four-tuple of a received segment, as this host sees it.
tcp_key tcp_key_of(const sk_buff& received);

} // namespace net
