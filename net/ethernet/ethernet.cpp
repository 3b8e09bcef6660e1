// Ethernet. Down: eth_header, padding, dev_queue_xmit. Up: length, source and destination are checked, the
// header comes off, and the type says who is next.
//
// Frames for somebody else reach us only while the card is promiscuous. They go no further than here.

#include "net/ethernet/ethernet.hpp"

#include "kernel/abi/netdevice.h"
#include "kernel/lib/string.hpp"
#include "net/core/dev.hpp"
#include "net/core/drop.hpp"
#include "net/core/protocols.hpp"
#include "net/stack.hpp"
#include "net/wire/ethernet.hpp"

namespace net {
namespace {

using address_class = sk_buff::addressed_to;

/// For whom a frame is; `other` also stands for groups that nobody here listens to.
address_class classify(const net_device& device, const uint8_t* destination) {
    if (wire::mac_equal(destination, device.mac)) {
        return address_class::host;
    }
    if (wire::mac_equal(destination, wire::ethernet_broadcast)) {
        return address_class::broadcast;
    }
    if (wire::mac_is_group(destination) && dev_listens_to(device, destination)) {
        return address_class::multicast;
    }
    return address_class::other;
}

void ethernet_receive(stack& in, skb_ptr frame) {
    net_device& device = *frame->device;
    if (!frame->pull_linear(wire::ethernet_header_bytes).ok()) {
        device.statistics.rx_errors++;
        device.statistics.rx_length_errors++;
        drop(std::move(frame), drop_reason::eth_too_short);
        return;
    }
    const auto& header = *reinterpret_cast<const wire::ethernet_header*>(frame->data);
    const uint16_t type = header.type;
    trace(in, trace_event::eth_receive, {.skb = frame->id, .value = {type, frame->length(), device.index}});
    if (wire::mac_is_group(header.source)) {
        device.statistics.rx_errors++;
        drop(std::move(frame), drop_reason::eth_bad_source);
        return;
    }
    frame->packet_type = classify(device, header.destination);
    if (frame->packet_type == address_class::other) {
        drop(std::move(frame), drop_reason::eth_other_host);
        return;
    }
    if (frame->packet_type == address_class::multicast) {
        device.statistics.multicast++;
    }
    if (type < wire::ethernet_first_type) {
        drop(std::move(frame), drop_reason::eth_unknown_protocol);
        return;
    }
    frame->mac_header = frame->data;
    frame->protocol = type;
    frame->pull(wire::ethernet_header_bytes);
    deliver_to_protocol(in, std::move(frame));
}

constexpr link_handler ethernet_link = {.hardware_type = ARPHRD_ETHER, .receive = ethernet_receive};

/// Fills a short frame up with zeros, never with what the buffer held before.
void pad(sk_buff& frame) {
    const uint32_t length = frame.length();
    if (length >= wire::ethernet_minimum_bytes || frame.fragment_count != 0) {
        return;
    }
    const uint32_t missing = wire::ethernet_minimum_bytes - length;
    if (frame.tailroom() < missing &&
        !frame.move_linear(frame.headroom(), wire::ethernet_minimum_bytes).ok()) {
        return; // the card pads what is too short
    }
    memset(frame.put(missing), 0, missing);
}

} // namespace

void ethernet_init(stack& in) {
    in.register_link_handler(ethernet_link);
}

void ethernet_transmit(skb_ptr skb, const uint8_t* destination) {
    auto& header = *reinterpret_cast<wire::ethernet_header*>(skb->push(wire::ethernet_header_bytes));
    memcpy(header.destination, destination, wire::mac_bytes);
    memcpy(header.source, skb->device->mac, wire::mac_bytes);
    header.type = skb->protocol;
    skb->mac_header = skb->data;
    pad(*skb);
    dev_queue_xmit(std::move(skb));
}

} // namespace net
