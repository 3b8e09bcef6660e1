#pragma once
// The AF_PACKET half of a sock and the table of all of them; what the files of net/packet share.
//
// Locks: packet_table::lock (socket_table) > sock_lock. A frame that goes out may be sent under a sock_lock
// of any family, where neither may be taken: its copy waits in `outgoing` until the worker delivers it.

#include "kernel/abi/packet.h"
#include "kernel/lib/list.hpp"
#include "net/core/sock.hpp"
#include "net/stack.hpp"

#include <cstdint>

namespace net {

/// What a receiver is told about a frame; in sk_buff::scratch.
struct packet_skb_notes {
    sockaddr_ll from;
};

inline packet_skb_notes& packet_notes_of(sk_buff& skb) {
    static_assert(sizeof(packet_skb_notes) <= sizeof skb.scratch);
    return *reinterpret_cast<packet_skb_notes*>(skb.scratch);
}

/// What a socket wants the card of one interface to receive: the same wish, as often as it was added.
struct packet_membership {
    unsigned device = 0;
    uint16_t type = 0; ///< PACKET_MR_...
    uint16_t address_bytes = 0;
    uint8_t address[8] = {};
    unsigned count = 0; ///< 0: unused
};

struct packet_sock : sock {
    packet_sock(stack& in, uint16_t type_number);

    // Guarded by packet_table::lock.
    lib::list_link table_link;
    uint16_t protocol_wanted = 0; ///< ethertype in host order, ETH_P_ALL, or 0: none
    unsigned device_index = 0;    ///< 0: all

    // Guarded by sock_lock.
    static constexpr unsigned max_memberships = 16;
    packet_membership memberships[max_memberships];
    uint32_t packets = 0; ///< PACKET_STATISTICS: since it was last asked
    uint32_t losses = 0;
};

inline packet_sock& packet_of(socket& which) {
    return static_cast<packet_sock&>(*which.sk);
}

struct packet_table {
    port::lock lock{port::lock_rank::socket_table};
    lib::list<packet_sock, &packet_sock::table_link> all;

    static constexpr unsigned outgoing_limit = 256;
    port::lock outgoing_lock{port::lock_rank::trace};
    skb_queue outgoing;
};

// ---- packet_membership.cpp -------------------------------------------------------------------------------

/// PACKET_ADD_MEMBERSHIP: ENODEV, EINVAL (length of the address), ENOBUFS (the socket's or the card's list is
/// full).
lib::result<void> packet_join(packet_sock& self, const packet_mreq& request);
/// PACKET_DROP_MEMBERSHIP. As on Linux, leaving what was not joined is no failure.
lib::result<void> packet_leave(packet_sock& self, const packet_mreq& request);
/// At the end. sock_lock held.
void packet_leave_all(packet_sock& self);

// ---- packet_data.cpp -------------------------------------------------------------------------------------

/// Gives every sock that wants it a copy of the frame. Worker context, no lock held.
void packet_see(stack& in, sk_buff& frame, net_device& device, frame_direction direction);
lib::result<size_t> packet_sendmsg(socket& which, message& msg);
lib::result<size_t> packet_recvmsg(socket& which, message& msg);

} // namespace net
