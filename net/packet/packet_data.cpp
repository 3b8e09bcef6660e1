// Frames for AF_PACKET sockets, and from them.
//
// A copy shares the bytes of the frame as far as they are shared already; a SOCK_RAW socket gets it from the
// link header on, a SOCK_DGRAM socket from what follows. The loopback has no link header: SOCK_RAW sees one
// of zeros and the type there, as on Linux.

#include "kernel/abi/errno.h"
#include "kernel/abi/netdevice.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "net/ethernet/ethernet.hpp"
#include "net/packet/packet.hpp"
#include "net/packet/packet_sock.hpp"
#include "net/wire/ethernet.hpp"

namespace net {

namespace {

using wire::ethernet_header_bytes;

bool has_link_header(const net_device& device) {
    return device.hardware_type == ARPHRD_ETHER;
}

uint8_t class_of(const net_device& device, const wire::ethernet_header& header, frame_direction direction) {
    if (direction == frame_direction::sent) {
        return PACKET_OUTGOING;
    }
    if (wire::mac_equal(header.destination, device.mac)) {
        return PACKET_HOST;
    }
    if (wire::mac_equal(header.destination, wire::ethernet_broadcast)) {
        return PACKET_BROADCAST;
    }
    return wire::mac_is_group(header.destination) ? PACKET_MULTICAST : PACKET_OTHERHOST;
}

/// What receivers are told about a frame; empty when it is too short to have a header.
bool describe_frame(sk_buff& frame, const net_device& device, frame_direction direction, sockaddr_ll& from) {
    from = {};
    from.sll_family = AF_PACKET;
    from.sll_ifindex = static_cast<int>(device.index);
    from.sll_hatype = device.hardware_type;
    from.sll_halen = wire::mac_bytes;
    from.sll_protocol = lib::swap_bytes(frame.protocol);
    from.sll_pkttype = direction == frame_direction::sent ? PACKET_OUTGOING : PACKET_HOST;
    if (!has_link_header(device)) {
        return true;
    }
    if (!frame.pull_linear(ethernet_header_bytes).ok()) {
        return false;
    }
    const auto& header = *reinterpret_cast<const wire::ethernet_header*>(frame.data);
    from.sll_protocol = header.type.raw();
    from.sll_pkttype = class_of(device, header, direction);
    memcpy(from.sll_addr, header.source, wire::mac_bytes);
    return true;
}

/// Table lock held.
bool wants(const packet_sock& self, const sockaddr_ll& from) {
    if (self.device_index != 0 && self.device_index != static_cast<unsigned>(from.sll_ifindex)) {
        return false;
    }
    if (self.protocol_wanted == ETH_P_ALL) {
        return true;
    }
    // Only who wants everything sees what goes out.
    return from.sll_pkttype != PACKET_OUTGOING && self.protocol_wanted != 0 &&
           self.protocol_wanted == lib::swap_bytes(from.sll_protocol);
}

/// The frame as this kind of socket sees it.
skb_ptr copy_for(const packet_sock& self, const sk_buff& frame, const net_device& device,
                 const sockaddr_ll& from) {
    skb_ptr copy = clone_skb(frame, ethernet_header_bytes);
    if (!copy) {
        return nullptr;
    }
    if (self.type == SOCK_DGRAM && has_link_header(device)) {
        copy->pull(ethernet_header_bytes);
    }
    if (self.type == SOCK_RAW && !has_link_header(device)) {
        auto& header = *reinterpret_cast<wire::ethernet_header*>(copy->push(ethernet_header_bytes));
        header = {};
        header.type = lib::swap_bytes(from.sll_protocol);
    }
    packet_notes_of(*copy).from = from;
    return copy;
}

void queue_copy(packet_sock& self, skb_ptr copy) {
    port::guard held(self.sock_lock);
    self.packets++;
    if (!copy || !sock_queue_receive(self, copy).ok()) {
        self.losses++;
    }
}

/// Where a message goes: by its address, or by what the socket is bound to.
struct destination {
    net_device* device = nullptr;
    uint16_t protocol = 0;
    uint8_t mac[wire::mac_bytes] = {};
};

lib::result<destination> find_destination(packet_sock& self, const message& msg) {
    destination found;
    unsigned index = 0;
    {
        port::guard table(self.owner_stack->packets->lock);
        index = self.device_index;
        found.protocol = self.protocol_wanted;
    }
    if (msg.address != nullptr) {
        sockaddr_ll to;
        if (msg.address->length < sizeof to || msg.address->any.sa_family != AF_PACKET) {
            return lib::error{EINVAL};
        }
        memcpy(&to, &msg.address->storage, sizeof to);
        index = static_cast<unsigned>(to.sll_ifindex);
        found.protocol = to.sll_protocol != 0 ? lib::swap_bytes(to.sll_protocol) : found.protocol;
        memcpy(found.mac, to.sll_addr, sizeof found.mac);
    }
    found.device = self.owner_stack->find_device(index);
    if (found.device == nullptr) {
        return lib::error{ENXIO};
    }
    if ((found.device->flags & IFF_UP) == 0) {
        return lib::error{ENETDOWN};
    }
    return found;
}

/// The user's bytes as a packet: from the link header on (SOCK_RAW), or what follows it. Waits for room
/// first.
lib::result<skb_ptr> build(packet_sock& self, const destination& to, message& msg) {
    const size_t length = msg.payload.remaining();
    const bool raw = self.type == SOCK_RAW;
    if (length > to.device->mtu + (raw ? ethernet_header_bytes : 0)) {
        return lib::error{EMSGSIZE};
    }
    if (raw && length < ethernet_header_bytes) {
        return lib::error{EINVAL};
    }
    {
        port::guard held(self.sock_lock);
        TRY(sock_wait_send_space(self, (msg.flags & MSG_DONTWAIT) == 0));
    }
    skb_ptr skb = allocate_skb(*self.owner_stack, max_header_bytes, static_cast<uint32_t>(length));
    if (!skb) {
        return lib::error{ENOBUFS};
    }
    TRY(msg.payload.copy_from(skb->put(static_cast<uint32_t>(length)), length));
    skb->device = to.device;
    skb->protocol = to.protocol;
    if (raw) {
        skb->protocol = reinterpret_cast<const wire::ethernet_header*>(skb->data)->type;
    }
    return skb;
}

void transmit(const packet_sock& self, const destination& to, skb_ptr skb) {
    const bool raw = self.type == SOCK_RAW;
    if (has_link_header(*to.device)) {
        raw ? dev_queue_xmit(std::move(skb)) : ethernet_transmit(std::move(skb), to.mac);
        return;
    }
    if (raw) {
        skb->pull(ethernet_header_bytes);
    }
    dev_queue_xmit(std::move(skb));
}

} // namespace

void packet_see(stack& in, sk_buff& frame, net_device& device, frame_direction direction) {
    sockaddr_ll from;
    if (!describe_frame(frame, device, direction, from)) {
        return;
    }
    port::guard table(in.packets->lock);
    for (packet_sock& self : in.packets->all) {
        if (wants(self, from)) {
            queue_copy(self, copy_for(self, frame, device, from));
        }
    }
}

lib::result<size_t> packet_sendmsg(socket& which, message& msg) {
    packet_sock& self = packet_of(which);
    const destination to = TRY(find_destination(self, msg));
    const size_t length = msg.payload.remaining();
    skb_ptr skb = TRY(build(self, to, msg));
    sock_charge_send(self, *skb);
    transmit(self, to, std::move(skb));
    return length;
}

lib::result<size_t> packet_recvmsg(socket& which, message& msg) {
    packet_sock& self = packet_of(which);
    const bool wants_length = (msg.flags & MSG_TRUNC) != 0;
    skb_ptr skb = TRY(sock_receive_datagram(self, msg));
    if (!skb) {
        return size_t{0};
    }
    const uint32_t length = skb->length();
    const size_t room = msg.payload.remaining();
    const auto part = static_cast<uint32_t>(room < length ? room : length);
    TRY(msg.payload.copy_to(*skb, 0, part));
    msg.flags = part < length ? msg.flags | MSG_TRUNC : msg.flags & ~MSG_TRUNC;
    if (msg.address != nullptr) {
        memcpy(&msg.address->storage, &packet_notes_of(*skb).from, sizeof(sockaddr_ll));
        msg.address->length = sizeof(sockaddr_ll);
    }
    return size_t{wants_length ? length : part};
}

} // namespace net
