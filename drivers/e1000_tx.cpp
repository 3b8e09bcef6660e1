// The transmit ring.
//
// A packet becomes: a context descriptor, if the card is to compute a checksum or to cut segments and the
// last context was another one; a data descriptor per contiguous piece; and for a frame below 60 bytes one
// that points at zeros, so that no old memory leaves as padding (CVE-2003-0001).
//
// Nothing is sent before flush writes the tail register, once per batch. The emulated card sends everything
// inside that write, so the packets are freed right after it. If some are left, as on a real card, the
// completion interrupt is switched on and a watchdog started; otherwise sending causes no interrupt at all.
//
// When the ring is full start_xmit answers busy, and the poll that finds enough room wakes the queue.

#include "drivers/e1000_card.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/layout.hpp"
#include "net/stack.hpp"

namespace drv::e1000 {

namespace {

constexpr uint32_t shortest_frame = 60; // without the checksum, IEEE 802.3 4A.4.2
constexpr unsigned wake_threshold = ring_size / 4;
constexpr unsigned reclaim_threshold = ring_size / 2;
constexpr uint32_t interrupt_delay_units = 64; // of 1.024 us

constexpr uint32_t ip_checksum_offset = 10; // in the IPv4 header, RFC 791 3.1
constexpr uint32_t ip_length_offset = 2;
constexpr uint32_t tcp_data_offset = 12; // RFC 9293 3.1

alignas(64) constexpr uint8_t zeros[64] = {};

constexpr unsigned pieces(uint32_t length) {
    return (length + tx_bytes_per_descriptor - 1) / tx_bytes_per_descriptor;
}

unsigned descriptors_needed(const net::sk_buff& skb) {
    unsigned count = 1 + pieces(skb.linear_length());
    for (unsigned index = 0; index < skb.fragment_count; index++) {
        count += pieces(skb.fragments[index].length);
    }
    return count + (skb.length() < shortest_frame ? 1 : 0);
}

uint16_t load_be16(const uint8_t* at) {
    return static_cast<uint16_t>(at[0] << 8 | at[1]);
}
void store_be16(uint8_t* at, uint32_t value) {
    at[0] = static_cast<uint8_t>(value >> 8);
    at[1] = static_cast<uint8_t>(value);
}

/// The card adds each segment's own length to the pseudo-header (3.5.7), so ours is taken out of the sum that
/// the stack left in the checksum field, and the IP header gets no length and no checksum.
void prepare_segmentation(net::sk_buff& skb) {
    store_be16(skb.network_header + ip_length_offset, 0);
    store_be16(skb.network_header + ip_checksum_offset, 0);
    const uint32_t transport_bytes = skb.length() - static_cast<uint32_t>(skb.transport_header - skb.data);
    uint8_t* field = skb.head + skb.checksum_start + skb.checksum_offset;
    uint32_t sum = load_be16(field) + (0xffff - transport_bytes % 0xffff);
    sum = (sum & 0xffff) + (sum >> 16);
    store_be16(field, sum);
}

/// The context of a packet that needs one: 3.5.4 and 3.6.
tx_descriptor make_context(const net::sk_buff& skb) {
    const auto ip_start = static_cast<uint8_t>(skb.network_header - skb.data);
    const auto transport_start = static_cast<uint8_t>(skb.head + skb.checksum_start - skb.data);
    tx_descriptor context{};
    context.address = tx_context_offsets(ip_start, static_cast<uint8_t>(ip_start + ip_checksum_offset),
                                         static_cast<uint16_t>(transport_start - 1), transport_start,
                                         static_cast<uint8_t>(transport_start + skb.checksum_offset));
    context.command = tx_type_context | tx_extended | tx_context_ipv4;
    if (skb.gso_size != 0) {
        const auto header_bytes =
            static_cast<uint8_t>(transport_start + 4 * (skb.transport_header[tcp_data_offset] >> 4));
        context.command |= tx_segment | tx_context_tcp | (skb.length() - header_bytes);
        context.options = header_bytes;
        context.special = skb.gso_size;
    }
    return context;
}

void put_descriptor(tx_ring& ring, const tx_descriptor& descriptor) {
    ring.descriptors[ring.next] = descriptor;
    ring.next = ring_next(ring.next);
}

void put_context(tx_ring& ring, const net::sk_buff& skb) {
    const tx_descriptor context = make_context(skb);
    if (ring.context_valid && memcmp(&context, &ring.context, sizeof context) == 0) {
        return;
    }
    ring.context = context;
    ring.context_valid = true;
    put_descriptor(ring, context);
}

/// Data descriptors for one contiguous run of bytes.
void put_piece(tx_ring& ring, const uint8_t* bytes, uint32_t length, uint32_t command, uint8_t options) {
    while (length > 0) {
        const uint32_t part = length < tx_bytes_per_descriptor ? length : tx_bytes_per_descriptor;
        put_descriptor(ring, {.address = mm::virtual_to_physical(bytes),
                              .command = command | part,
                              .status = 0,
                              .options = options,
                              .special = 0});
        bytes += part;
        length -= part;
    }
}

/// Describes the packet to the card. There is room.
void put_packet(tx_ring& ring, net::sk_buff& skb) {
    uint32_t command = tx_type_data | tx_extended | tx_insert_fcs;
    uint8_t options = 0;
    if (skb.checksum == net::checksum_state::partial) {
        options = tx_insert_transport_checksum;
        if (skb.gso_size != 0) {
            prepare_segmentation(skb);
            command |= tx_segment;
            options |= tx_insert_ip_checksum;
        }
        put_context(ring, skb);
    }
    put_piece(ring, skb.data, skb.linear_length(), command, options);
    for (unsigned index = 0; index < skb.fragment_count; index++) {
        const net::skb_fragment& fragment = skb.fragments[index];
        put_piece(ring, fragment.bytes(), fragment.length, command, options);
    }
    if (skb.length() < shortest_frame) {
        put_piece(ring, zeros, shortest_frame - skb.length(), command, options);
    }
    const unsigned last = (ring.next + ring_size - 1) % ring_size;
    ring.descriptors[last].command |= tx_end_of_packet | tx_report_status | tx_interrupt_delay;
}

/// Frees the packets of finished descriptors; a packet is finished when its last descriptor is.
void free_finished(tx_ring& ring) {
    unsigned at = ring.oldest;
    while (at != ring.flushed) {
        net::sk_buff* packet = ring.packets[at];
        const bool done = (const_cast<volatile tx_descriptor&>(ring.descriptors[at]).status & tx_done) != 0;
        if (packet != nullptr && !done) {
            return;
        }
        at = ring_next(at);
        if (packet != nullptr) {
            ring.packets[(at + ring_size - 1) % ring_size] = nullptr;
            ring.oldest = at;
            net::free_skb(packet);
        }
    }
}

void program_ring(card& self) {
    const uint64_t physical = mm::virtual_to_physical(self.tx.descriptors);
    self.write(reg::tdbal, static_cast<uint32_t>(physical));
    self.write(reg::tdbah, static_cast<uint32_t>(physical >> 32));
    self.write(reg::tdlen, ring_size * sizeof(tx_descriptor));
    self.write(reg::tdh, 0);
    self.write(reg::tdt, 0);
    self.write(reg::tidv, interrupt_delay_units);
    self.write(reg::tipg, tipg_copper);
    // 13.4.33: collision threshold 15, distance 64 bytes, as recommended for full duplex.
    self.write(reg::tctl, tctl_enable | tctl_pad_short | 15u << tctl_collision_threshold_shift |
                              64u << tctl_collision_distance_shift);
}

void write_tail(card& self) {
    tx_ring& ring = self.tx;
    if (ring.flushed == ring.next) {
        return;
    }
    ring.flushed = ring.next;
    asm volatile("" : : : "memory"); // x86 keeps the order of stores; the compiler must as well
    self.write(reg::tdt, ring.next);
    net::trace(*self.device.owner_stack, net::trace_event::e1000_flush, {.value = {ring.next}});
}

} // namespace

lib::result<void> setup_transmit_ring(card& self) {
    mm::frame* frame = mm::allocate_zeroed_frame(mm::mem_tag::driver);
    if (frame == nullptr) {
        return lib::error{ENOMEM};
    }
    static_assert(ring_size * sizeof(tx_descriptor) <= mm::page_size);
    self.tx.descriptors = static_cast<tx_descriptor*>(mm::frame_to_virtual(*frame));
    program_ring(self);
    return {};
}

net::tx_result e1000_xmit(net::net_device& device, net::skb_ptr& skb) {
    card& self = *static_cast<card*>(device.driver_data);
    tx_ring& ring = self.tx;
    const unsigned needed = descriptors_needed(*skb);
    if (ring.free() < needed || ring.used() > reclaim_threshold) {
        write_tail(self);
        free_finished(ring);
    }
    if (ring.free() < needed) {
        ring.stopped = true;
        watch_transmission(self);
        return net::tx_result::busy;
    }
    const unsigned first = ring.next;
    const uint32_t length = skb->length();
    put_packet(ring, *skb);
    net::trace(*device.owner_stack, net::trace_event::e1000_transmit,
               {.skb = skb->id, .value = {first, length, skb->gso_size}});
    ring.packets[(ring.next + ring_size - 1) % ring_size] = skb.release();
    return net::tx_result::taken;
}

void e1000_flush(net::net_device& device) {
    card& self = *static_cast<card*>(device.driver_data);
    write_tail(self);
    if (reclaim_transmitted(self)) {
        net::schedule_poll(device); // the queue is woken from the poll, without the lock
    }
    if (self.tx.oldest != self.tx.flushed) {
        watch_transmission(self);
    }
}

bool reclaim_transmitted(card& self) {
    tx_ring& ring = self.tx;
    free_finished(ring);
    return ring.stopped && ring.free() >= wake_threshold;
}

void reset_transmit_ring(card& self) {
    tx_ring& ring = self.tx;
    self.write(reg::tctl, 0);
    for (net::sk_buff*& packet : ring.packets) {
        if (packet != nullptr) {
            net::free_skb(packet);
            packet = nullptr;
            self.device.statistics.tx_errors++;
        }
    }
    memset(ring.descriptors, 0, ring_size * sizeof(tx_descriptor));
    ring.next = ring.oldest = ring.flushed = 0;
    ring.context_valid = false;
    program_ring(self);
}

} // namespace drv::e1000
