// The receive ring.
//
// The card writes each frame into a buffer that is already an skb_block, so a frame goes up without a copy:
// the block becomes the packet's, and a fresh one takes its place in the ring. If there is no fresh one the
// frame is dropped and its buffer used again: the ring never runs dry because memory is short.
//
// A descriptor comes from outside and is believed only as far as it makes sense (done, whole, no error, a
// length that the buffer has room for). What does not fit one buffer is discarded up to its last descriptor,
// so that the tail of a long frame is never taken for a frame (CVE-2009-1385).
//
// Writing the tail register wakes QEMU's main loop and costs about as much as receiving a frame, so
// descriptors go back 32 at a time. Buffers are one page each, spread over the page numbers by the frame
// allocator: equal addresses modulo 1 MiB would thrash QEMU's TLB.

#include "drivers/e1000_card.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "kernel/mm/frames.hpp"
#include "kernel/mm/layout.hpp"
#include "net/stack.hpp"

namespace drv::e1000 {

namespace {

constexpr uint32_t buffer_bytes = 2048; // what RCTL's size field tells the card
constexpr uint32_t buffer_offset = 2;   // puts the IP header, 14 bytes on, at a multiple of 4
constexpr uint32_t shortest_frame = 14;
constexpr unsigned return_batch = 32;

lib::ref<net::skb_block> allocate_buffer() {
    return net::skb_block::allocate(buffer_offset + buffer_bytes);
}

void put_buffer(card& self, unsigned index, lib::ref<net::skb_block> block) {
    rx_descriptor& descriptor = self.rx.descriptors[index];
    descriptor.address = mm::virtual_to_physical(block->bytes() + buffer_offset);
    descriptor.status = 0;
    self.rx.blocks[index] = static_cast<lib::ref<net::skb_block>&&>(block);
}

/// Makes descriptor `next` the card's again, in batches.
void return_descriptor(card& self) {
    rx_ring& ring = self.rx;
    ring.descriptors[ring.next].status = 0;
    ring.next = ring_next(ring.next);
    if (++ring.returned < return_batch) {
        return;
    }
    ring.given = (ring.given + ring.returned) % ring_size;
    ring.returned = 0;
    // x86 does not reorder stores: the descriptors are in memory before the register is written.
    asm volatile("" : : : "memory");
    self.write(reg::rdt, ring.given);
}

/// Whether the descriptor holds one whole, undamaged frame. Keeps track of frames over several buffers.
bool is_good_frame(rx_ring& ring, const rx_descriptor& seen) {
    const bool last = (seen.status & rx_end_of_packet) != 0;
    const bool first = !ring.inside_frame;
    ring.inside_frame = !last;
    return first && last && (seen.errors & rx_error_frame) == 0 && seen.length >= shortest_frame &&
           seen.length <= buffer_bytes;
}

/// 3.2.9: the card looked at the checksum of TCP or UDP, and it was right.
bool checksum_is_good(const rx_descriptor& seen) {
    return (seen.status & (rx_ignore_checksum | rx_transport_checked)) == rx_transport_checked &&
           (seen.errors & rx_error_transport) == 0;
}

/// What one poll lost, added to the device's statistics once under its lock.
struct poll_counts {
    uint64_t errors = 0, dropped = 0;
};

void deliver(card& self, const rx_descriptor& seen, poll_counts& counts) {
    const unsigned index = self.rx.next;
    lib::ref<net::skb_block> fresh = allocate_buffer();
    if (!fresh) {
        counts.dropped++;
        return;
    }
    net::stack& in = *self.device.owner_stack;
    net::skb_ptr frame = net::wrap_block(in, static_cast<lib::ref<net::skb_block>&&>(self.rx.blocks[index]),
                                         buffer_offset, seen.length);
    put_buffer(self, index, static_cast<lib::ref<net::skb_block>&&>(fresh));
    if (!frame) {
        counts.dropped++;
        return;
    }
    frame->checksum = checksum_is_good(seen) ? net::checksum_state::unnecessary : net::checksum_state::none;
    net::trace(in, net::trace_event::e1000_receive, {.skb = frame->id, .value = {index, seen.length}});
    net::netif_receive_skb(self.device, static_cast<net::skb_ptr&&>(frame));
}

void add_counts(card& self, const poll_counts& counts) {
    net::port::guard hold(self.device.device_lock);
    net::device_statistics& total = self.device.statistics;
    total.rx_errors += counts.errors;
    total.rx_dropped += counts.dropped;
}

} // namespace

lib::result<void> setup_receive_ring(card& self) {
    mm::frame* frame = mm::allocate_zeroed_frame(mm::mem_tag::driver);
    if (frame == nullptr) {
        return lib::error{ENOMEM};
    }
    static_assert(ring_size * sizeof(rx_descriptor) <= mm::page_size);
    self.rx.descriptors = static_cast<rx_descriptor*>(mm::frame_to_virtual(*frame));
    for (unsigned index = 0; index < ring_size; index++) {
        lib::ref<net::skb_block> block = allocate_buffer();
        if (!block) {
            return lib::error{ENOMEM};
        }
        put_buffer(self, index, static_cast<lib::ref<net::skb_block>&&>(block));
    }
    const uint64_t physical = mm::frame_to_physical(*frame);
    self.write(reg::rdbal, static_cast<uint32_t>(physical));
    self.write(reg::rdbah, static_cast<uint32_t>(physical >> 32));
    self.write(reg::rdlen, ring_size * sizeof(rx_descriptor));
    self.write(reg::rdh, 0);
    self.rx.given = ring_size - 1;
    self.write(reg::rdt, self.rx.given);
    return {};
}

unsigned receive_frames(card& self, unsigned budget) {
    rx_ring& ring = self.rx;
    poll_counts counts;
    unsigned received = 0;
    while (received < budget) {
        const volatile rx_descriptor& shared = ring.descriptors[ring.next];
        if ((shared.status & rx_done) == 0) {
            break;
        }
        asm volatile("" : : : "memory"); // x86 does not reorder loads, the compiler must not either
        const rx_descriptor seen = ring.descriptors[ring.next]; // copied once; checked and used below
        received++;
        if (is_good_frame(ring, seen)) {
            deliver(self, seen, counts);
        } else {
            counts.errors++;
        }
        return_descriptor(self);
    }
    if (counts.errors + counts.dropped > 0) {
        add_counts(self, counts);
    }
    return received;
}

void discard_received(card& self) {
    rx_ring& ring = self.rx;
    for (unsigned count = 0; count < ring_size && (ring.descriptors[ring.next].status & rx_done) != 0;
         count++) {
        return_descriptor(self);
    }
    ring.inside_frame = false;
}

} // namespace drv::e1000
