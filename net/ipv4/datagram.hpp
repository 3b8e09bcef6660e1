#pragma once
// What UDP, ping and raw sockets have in common.

#include "net/ipv4/inet_sock.hpp"
#include "net/ipv4/ip_output.hpp"

#include <cstdint>

namespace net {

/// Where one datagram goes, after the address, the connection and the ancillary data have been looked at.
struct datagram_target {
    inet_endpoint remote;
    uint32_t source = 0;  ///< 0: as the route says
    unsigned device = 0;  ///< 0: as the route says
    bool on_link = false; ///< MSG_DONTROUTE
    int ttl = -1;         ///< -1: the socket's
    int tos = -1;
};

/// Reads destination and ancillary data of a sendmsg: EDESTADDRREQ, EINVAL, EAFNOSUPPORT. No lock needed.
lib::result<datagram_target> datagram_parse_target(const inet_sock& sk, const message& msg);

/// The route for a datagram: the sock's kept one when it fits, else one looked up into `own`. EACCES when
/// it leads to a broadcast address without SO_BROADCAST. sock_lock held.
lib::result<route_entry*> datagram_route(inet_sock& sk, const datagram_target& target, route_entry& own);
/// TTL, TOS and the like for a datagram of so many bytes that takes this route.
ip_parameters datagram_parameters(const inet_sock& sk, const datagram_target& target,
                                  const route_entry& route, uint32_t length);
/// A packet with the user's bytes, and headroom for all headers, once there is room in the send buffer: who
/// waits for room takes no memory. To be charged to the sock. No lock held.
lib::result<skb_ptr> datagram_from_user(inet_sock& sk, message& msg, uint32_t extra_headroom);
/// Gives a received packet to the user: bytes, source, ancillary data. Returns what recvmsg returns.
lib::result<size_t> datagram_to_user(inet_sock& sk, const sk_buff& skb, message& msg);

/// Queues a packet for a sock that was found for it, or drops it. Takes the lock. False: dropped.
bool datagram_deliver(inet_sock& sk, skb_ptr skb);

/// Calls give(inet_sock&) for every sock of a table that wants(sock) a packet; how many there were. Few at a
/// time get a reference under the table's lock and the packet without it, until all have the number of this
/// packet. Worker context, and only there: one packet is given out at a time.
template <class Table, class List, class Wants, class Give>
unsigned give_to_each(Table& table, List& socks, Wants wants, Give give) {
    constexpr unsigned at_once = 16;
    lib::ref<sock> found[at_once];
    const uint64_t packet = ++table.shared_packets;
    unsigned total = 0;
    unsigned count = 0;
    do {
        count = 0;
        {
            port::guard held(table.lock);
            for (auto& sk : socks) {
                if (count < at_once && sk.last_shared_packet != packet && wants(sk) &&
                    sk.get_unless_dying()) {
                    sk.last_shared_packet = packet;
                    found[count++] = lib::ref<sock>::adopt(&sk);
                }
            }
        }
        for (unsigned i = 0; i < count; i++) {
            give(inet(*found[i]));
            found[i] = nullptr;
        }
        total += count;
    } while (count == at_once);
    return total;
}

// Entries of struct proto.
void datagram_close(sock& sk);
lib::result<void> datagram_connect(sock& sk, const socket_address& address, bool may_wait);
lib::result<void> datagram_disconnect(sock& sk);
lib::result<void> datagram_shutdown(sock& sk, int how);
short datagram_poll(sock& sk, port::poll_table* table);
lib::result<long> datagram_ioctl(sock& sk, unsigned command, uintptr_t argument);
lib::result<void> datagram_setsockopt(sock& sk, int level, int option, const void* value, uint32_t length);
lib::result<void> datagram_getsockopt(sock& sk, int level, int option, void* value, uint32_t* length);

/// An ICMP error about a datagram of this sock (ip(7), IP_RECVERR). Takes the lock.
void datagram_error(inet_sock& sk, const sk_buff& quoted, const icmp_error& what, uint16_t remote_port);

/// Allocates a derived sock for proto::create.
template <class Derived>
lib::result<sock*> create_inet_sock(stack& in, const proto& prot, uint16_t type, int protocol) {
    void* memory = port::allocate(sizeof(Derived), port::memory_tag::socket);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    return new (memory) Derived(in, prot, uint16_t{AF_INET}, type, static_cast<uint8_t>(protocol));
}
/// And frees it for proto::destroy.
template <class Derived>
void destroy_inet_sock(sock* sk) {
    auto* derived = static_cast<Derived*>(sk);
    sock_purge_queues(*derived);
    derived->~Derived();
    port::release(derived);
}

} // namespace net
