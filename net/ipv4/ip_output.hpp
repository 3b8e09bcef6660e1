#pragma once
// IPv4, downwards: transport layer → ip_queue_xmit / ip_send → ip_output → ip_finish_output → neighbour.

#include "net/core/sk_buff.hpp"
#include "net/ipv4/inet_sock.hpp"

#include <cstdint>

namespace net {

/// What an IP header needs besides the packet.
struct ip_parameters {
    uint8_t protocol = 0;
    int16_t ttl = -1; ///< -1: ip_default_ttl
    uint8_t tos = 0;
    bool dont_fragment = false;
    bool loop_back = true; ///< multicast and broadcast: our own sockets hear it too
};

/// Sends a segment of a connected sock (to sk.remote_address), by its kept route. data starts at the
/// transport header; there must be headroom for IP and Ethernet (max_header_bytes at allocation does).
/// The packet is gone afterwards, also on failure: EHOSTUNREACH, ENETUNREACH, EMSGSIZE, ENOBUFS.
/// Header: DF unless path MTU discovery is off, identification 0 then (RFC 6864). sock_lock held.
lib::result<void> ip_queue_xmit(inet_sock& sk, skb_ptr skb, uint8_t ecn);

/// Sends a packet without a sock, or to another place than its sock's: replies, resets, datagrams. The
/// route says where and from where. The route is only borrowed; its neighbour is filled in.
lib::result<void> ip_send(stack& in, skb_ptr skb, route_entry& route, const ip_parameters& how);
/// The same with a route looked up here: from `source` (must be ours, or 0) to `destination`.
lib::result<void> ip_send_to(stack& in, skb_ptr skb, uint32_t source, uint32_t destination,
                             const ip_parameters& how);
/// Sends a packet that has its IP header already (raw sockets with IP_HDRINCL); checks and completes it.
lib::result<void> ip_send_raw(stack& in, skb_ptr skb, route_entry& route);

/// The transport checksum of a packet to send, left to the device where it can: writes the pseudo-header
/// sum at field_offset from data, marks the packet partial. data starts at the transport header.
void inet_prepare_checksum(sk_buff& skb, uint32_t source, uint32_t destination, uint8_t protocol,
                           uint16_t field_offset);
/// Whether the transport checksum of a received packet is right (data at the transport header): true at
/// once when the device has verified it. Marks the packet `unnecessary` then.
bool inet_verify_checksum(sk_buff& skb, uint32_t source, uint32_t destination, uint8_t protocol);

/// Tells the neighbour layer that the peer was heard (an ACK of new data came): no probe is needed.
void inet_confirm_neighbour(inet_sock& sk);

} // namespace net
