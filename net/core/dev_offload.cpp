// Software's half of the offloads. A packet with gso_size is one TCP/IPv4 header and more payload than fits
// a frame: every segment gets a copy of the header with its own sequence number, lengths and flags, as the
// e1000's segmentation does it (manual §3.5.5).

#include "net/core/dev_offload.hpp"

#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/core/skb_checksum.hpp"
#include "net/wire/checksum.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

// The parts of a TCP header that cutting changes (RFC 9293 §3.1).
constexpr unsigned tcp_sequence_offset = 4;
constexpr unsigned tcp_data_offset_offset = 12;
constexpr unsigned tcp_flags_offset = 13;
constexpr unsigned tcp_checksum_offset = 16;
constexpr unsigned protocol_tcp = 6;
constexpr uint8_t flags_of_last_only = 0x01 | 0x08; // FIN, PSH
constexpr uint8_t flags_of_first_only = 0x80;       // CWR (RFC 3168 §6.1.2)

constexpr unsigned most_segments_cut_here = 32;

lib::be32 read_be32(const uint8_t* at) {
    lib::be32 value;
    memcpy(&value, at, sizeof(value));
    return value;
}

/// Gives a segment, whose headers are a copy of the whole packet's, the values of its own part.
void fix_headers(sk_buff& segment, uint32_t offset_in_payload, uint32_t payload, unsigned number, bool last) {
    auto& ip = *reinterpret_cast<wire::ipv4_header*>(segment.network_header);
    const uint32_t ip_length =
        segment.length() - static_cast<uint32_t>(segment.network_header - segment.data);
    ip.total_length = static_cast<uint16_t>(ip_length);
    if (ip.identification != 0) {
        ip.identification = static_cast<uint16_t>(ip.identification + number);
    }
    ip.checksum = 0;
    ip.checksum = lib::be16::from_raw(wire::checksum_finish(wire::checksum_add(0, &ip, ip.header_length())));

    uint8_t* tcp = segment.transport_header;
    const lib::be32 sequence = read_be32(tcp + tcp_sequence_offset) + offset_in_payload;
    memcpy(tcp + tcp_sequence_offset, &sequence, sizeof(sequence));
    if (!last) {
        tcp[tcp_flags_offset] = static_cast<uint8_t>(tcp[tcp_flags_offset] & ~flags_of_last_only);
    }
    if (number != 0) {
        tcp[tcp_flags_offset] = static_cast<uint8_t>(tcp[tcp_flags_offset] & ~flags_of_first_only);
    }
    const uint32_t tcp_length = (tcp[tcp_data_offset_offset] >> 4) * 4u + payload;
    const uint16_t pseudo =
        wire::checksum_fold(wire::pseudo_header_sum(ip.source, ip.destination, protocol_tcp, tcp_length));
    memcpy(tcp + tcp_checksum_offset, &pseudo, sizeof(pseudo));
}

/// One segment: the headers of the packet and a copy of its part of the payload.
skb_ptr cut_segment(const sk_buff& packet, uint32_t header_bytes, uint32_t offset, uint32_t payload) {
    skb_ptr segment = allocate_skb(*packet.owner_stack, packet.headroom(), header_bytes + payload);
    if (!segment) {
        return nullptr;
    }
    memcpy(segment->put(header_bytes), packet.data, header_bytes);
    packet.copy_bits(header_bytes + offset, segment->put(payload), payload);
    segment->device = packet.device;
    segment->protocol = packet.protocol;
    segment->network_header = segment->data + (packet.network_header - packet.data);
    segment->transport_header = segment->data + (packet.transport_header - packet.data);
    segment->checksum = checksum_state::partial;
    segment->checksum_start = static_cast<uint16_t>(segment->transport_header - segment->head);
    segment->checksum_offset = tcp_checksum_offset;
    return segment;
}

/// All headers, down to TCP's options.
uint32_t header_bytes_of(const sk_buff& packet) {
    const uint8_t* tcp = packet.transport_header;
    return static_cast<uint32_t>(tcp - packet.data) + (tcp[tcp_data_offset_offset] >> 4) * 4u;
}

/// Cuts a TCP packet into segments of gso_size. False when memory was short: what was not cut is lost, as a
/// busy wire would lose it.
bool cut_into_segments(skb_ptr packet, skb_queue& segments) {
    const uint32_t header_bytes = header_bytes_of(*packet);
    ASSERT(header_bytes <= packet->linear_length());
    const uint32_t payload = packet->length() - header_bytes;
    unsigned number = 0;
    for (uint32_t offset = 0; offset < payload; offset += packet->gso_size) {
        const uint32_t left = payload - offset;
        const uint32_t part = left < packet->gso_size ? left : packet->gso_size;
        skb_ptr segment = cut_segment(*packet, header_bytes, offset, part);
        if (!segment) {
            drop(std::move(packet), drop_reason::no_memory);
            return false;
        }
        fix_headers(*segment, offset, part, number++, part == left);
        segments.push_back(std::move(segment));
    }
    return true;
}

bool make_sendable(const net_device& device, skb_ptr frame, skb_queue& frames) {
    if (frame->fragment_count != 0 && (device.features & feature_scatter_gather) == 0 &&
        !frame->pull_linear(frame->length()).ok()) {
        drop(std::move(frame), drop_reason::no_memory);
        return false;
    }
    if (frame->checksum == checksum_state::partial && (device.features & feature_transmit_checksum) == 0) {
        skb_complete_checksum(*frame);
    }
    frames.push_back(std::move(frame));
    return true;
}

/// Whether the card cuts the packet. A faulty empty segment looks like a duplicate ACK to the peer, so such
/// packets are cut here. The largest are left to the card: one stray segment after a burst of that size does
/// no harm, and cutting those by hand would cost a bulk transfer most of what the card saves it.
bool device_cuts(const net_device& device, const sk_buff& packet) {
    if ((device.features & feature_segmentation) == 0) {
        return false;
    }
    const uint32_t payload = packet.length() - header_bytes_of(packet);
    return (device.features & feature_empty_segment) == 0 || payload % packet.gso_size != 0 ||
           payload / packet.gso_size > most_segments_cut_here;
}

} // namespace

bool prepare_for_device(const net_device& device, skb_ptr packet, skb_queue& frames) {
    if (packet->gso_size == 0 || device_cuts(device, *packet)) {
        return make_sendable(device, std::move(packet), frames);
    }
    skb_queue segments;
    cut_into_segments(std::move(packet), segments);
    while (skb_ptr segment = segments.pop_front()) {
        make_sendable(device, std::move(segment), frames);
    }
    return !frames.empty();
}

} // namespace net
