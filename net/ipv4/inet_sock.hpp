#pragma once
// inet_sock: what TCP, UDP, ICMP and raw sockets of AF_INET have in common: the two ends, and the options of
// level IPPROTO_IP. Addresses and ports are in host order. Guarded by sock_lock where nothing else is said.

#include "kernel/lib/list.hpp"
#include "net/core/sock.hpp"
#include "net/ipv4/route.hpp"

#include <cstdint>

namespace net {

struct inet_bind_bucket;

/// One group that a socket has joined.
struct multicast_membership {
    lib::relaxed<uint32_t> group; ///< 0: unused
    lib::relaxed<unsigned> device;
};

/// What recvmsg is to say besides the bytes.
enum ip_receive_option : uint8_t {
    receive_packet_info = 1,          ///< IP_PKTINFO
    receive_ttl = 2,                  ///< IP_RECVTTL
    receive_tos = 4,                  ///< IP_RECVTOS
    receive_original_destination = 8, ///< IP_RECVORIGDSTADDR
};

struct inet_sock : sock {
    using sock::sock;

    // The ends. Written under sock_lock, read by table lookups without it: a datagram that arrives while its
    // sock is being connected is judged by the old ends, the new ones or some of both, and may be lost.
    lib::relaxed<uint32_t> local_address; ///< 0: any; what getsockname tells
    lib::relaxed<uint32_t> remote_address;
    lib::relaxed<uint16_t> local_port;
    lib::relaxed<uint16_t> remote_port;
    lib::relaxed<bool> address_bound;  ///< chosen by bind(): stays when the connection is dissolved
    bool bound_to_many = false;        ///< to a group or a broadcast address: to receive, not to send from
    lib::relaxed<bool> port_bound;     ///< chosen by bind(): likewise
    lib::relaxed<bool> port_inherited; ///< shared with the listener that accepted

    // Options of level IPPROTO_IP.
    int16_t ttl = -1; ///< IP_TTL; -1: ip_default_ttl
    uint8_t tos = 0;
    lib::relaxed<uint8_t> minimum_ttl; ///< IP_MINTTL; read without the lock, too
    uint8_t multicast_ttl = 1;
    uint8_t mtu_discovery = 1;   ///< IP_PMTUDISC_WANT
    uint8_t receive_options = 0; ///< ip_receive_option bits
    bool multicast_loop = true;
    lib::relaxed<bool> multicast_all{true};
    bool receive_error = false; ///< IP_RECVERR
    bool header_included = false;
    bool free_bind = false;
    bool bind_without_port = false;
    uint32_t multicast_source = 0; ///< IP_MULTICAST_IF
    unsigned multicast_device = 0;
    static constexpr unsigned max_memberships = 20; ///< Linux: igmp_max_memberships
    multicast_membership memberships[max_memberships];

    uint64_t last_shared_packet = 0; ///< see give_to_each(); guarded by the lock of the table that it is in
    route_entry cached_route;        ///< to remote_address, or to the last destination

    // The hold on local_port, if port_bucket is not null: without it getsockname still tells the port that
    // was. Guarded by inet_ports::lock and, for changes of its own, by sock_lock.
    lib::list_link port_link;
    inet_bind_bucket* port_bucket = nullptr;
};

inline inet_sock& inet(sock& sk) {
    return static_cast<inet_sock&>(sk);
}
inline const inet_sock& inet(const sock& sk) {
    return static_cast<const inet_sock&>(sk);
}

/// An address and a port of AF_INET, host order.
struct inet_endpoint {
    uint32_t address = 0;
    uint16_t port = 0;
};
/// EINVAL: too short; EAFNOSUPPORT: not AF_INET.
lib::result<inet_endpoint> parse_inet_address(const socket_address& address);
void fill_inet_address(socket_address& address, const inet_endpoint& endpoint);

/// proto::bind of TCP, UDP and ping sockets: checks that the address is ours (EADDRNOTAVAIL), the port free
/// (EADDRINUSE) and permitted (EACCES), and takes both. EINVAL when bound already. No lock held.
lib::result<void> inet_bind(sock& sk, const socket_address& address);
/// Makes sure that a sender has a port: takes an ephemeral one (EAGAIN when all are used). sock_lock held.
lib::result<void> inet_autobind(inet_sock& sk);

/// Takes a checked address that bind() was given; 0: none. sock_lock held.
void inet_set_address(inet_sock& sk, uint32_t address);
/// The address that it sends from; 0: the route's. sock_lock held.
inline uint32_t inet_source(const inet_sock& sk) {
    return sk.bound_to_many ? 0u : uint32_t{sk.local_address};
}
/// The route to a destination: the kept one when it still leads there, else a new one that is then kept.
/// The source is inet_source(). sock_lock held.
lib::result<route_entry*> inet_route(inet_sock& sk, uint32_t destination);

/// Options of level IPPROTO_IP for every AF_INET protocol: ENOPROTOOPT, EINVAL, EFAULT. No lock held.
lib::result<void> ip_setsockopt(inet_sock& sk, int option, const void* value, uint32_t length);
lib::result<void> ip_getsockopt(inet_sock& sk, int option, void* value, uint32_t* length);

/// Appends the ancillary data that the user asked for to a received message. sock_lock not needed.
void ip_append_control(const inet_sock& sk, const sk_buff& skb, message& msg);
/// recvmsg(MSG_ERRQUEUE): the oldest queued error with its sock_extended_err; EAGAIN when there is none.
lib::result<size_t> ip_receive_error(inet_sock& sk, message& msg);
/// Queues an ICMP error (IP_RECVERR) for the user. `quoted` starts at its IP header. sock_lock held.
void ip_queue_error(inet_sock& sk, const sk_buff& quoted, const struct icmp_error& what,
                    uint16_t remote_port);

/// Whether a multicast packet to the group from the device is for this socket.
bool inet_wants_group(const inet_sock& sk, uint32_t group, unsigned device);
/// Leaves every group and the port table; called by the protocols before they let a sock go.
void inet_release_resources(inet_sock& sk);

} // namespace net
