#pragma once
// The tables by which packets go up: hardware type → link layer, ethertype → network layer, IP protocol →
// transport layer. Each layer
// puts its constant handler in when the stack is made; "up by table" ends here.

#include "net/core/sk_buff.hpp"

#include <cstdint>

namespace net {

/// Receives a frame from a device of this hardware type, link header first; fills in protocol and
/// packet_type, takes the header off and calls deliver_to_protocol(). Worker context.
struct link_handler {
    uint16_t hardware_type; ///< ARPHRD_...
    void (*receive)(stack& in, skb_ptr frame);
};
/// Up by skb->protocol: hands the packet to the handler of its ethertype, or drops it.
void deliver_to_protocol(stack& in, skb_ptr skb);

/// Receives a packet whose data starts at its own header. Owns it. Worker context, no lock held.
struct packet_handler {
    uint16_t ethertype; ///< host order
    void (*receive)(stack& in, skb_ptr skb);
};

/// What an ICMP error told about a packet that this host sent.
struct icmp_error {
    uint8_t type;
    uint8_t code;
    uint32_t info;     ///< next-hop MTU of "fragmentation needed", pointer of "parameter problem"
    uint32_t offender; ///< who sent the error, host order
    int error_number;  ///< the errno that the socket is to see
    bool hard;         ///< whether it may end a connection that is being opened
};

struct inet_protocol {
    uint8_t protocol;
    /// network_header is set, data starts at the transport header, the packet is whole and for this host.
    void (*receive)(stack& in, skb_ptr skb);
    /// `quoted` starts at the IP header of the packet that caused the error.
    void (*error)(stack& in, const sk_buff& quoted, const icmp_error& what);
};

} // namespace net
