// Packets: allocation, the pointers that move, sharing, and queues.
//
// A packet is one sk_buff and at least one skb_block. The sk_buff is never shared; blocks are, and a block
// that somebody else may read is not written to any more: the linear area belongs to one packet alone,
// because clones get a linear area of their own and share_payload() turns linear bytes into a fragment.
// Whoever shares a packet's payload therefore only ever pushes headers into another area.
//
// truesize is what a packet costs in memory, not what it carries: a one-byte datagram in a 2 KiB block
// counts as more than 2 KiB, so that many small packets cannot exhaust what a limit in bytes would allow.

#include "net/core/sk_buff.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.hpp"
#include "net/core/net_device.hpp"
#include "net/stack.hpp"

#include <new>

namespace net {

lib::ref<skb_block> skb_block::allocate(uint32_t capacity) {
    void* memory = port::allocate(sizeof(skb_block) + capacity, port::memory_tag::skb_data);
    if (memory == nullptr) {
        return nullptr;
    }
    auto* block = new (memory) skb_block;
    block->capacity = capacity;
    return lib::ref<skb_block>::adopt(block);
}

void skb_block::release_last(skb_block* block) {
    block->~skb_block();
    port::release(block);
}

namespace {

/// An sk_buff around a block that starts out empty at `offset` into it.
skb_ptr make_skb(stack& in, lib::ref<skb_block> block, uint32_t offset) {
    void* memory = port::allocate(sizeof(sk_buff), port::memory_tag::skb);
    if (memory == nullptr) {
        return nullptr;
    }
    auto* skb = new (memory) sk_buff;
    skb->owner_stack = &in;
    skb->id = in.next_skb_id();
    skb->head = block->bytes();
    skb->data = skb->tail = skb->head + offset;
    skb->end = skb->head + block->capacity;
    skb->truesize = static_cast<uint32_t>(sizeof(sk_buff) + sizeof(skb_block)) + block->capacity;
    skb->block = std::move(block);
    __atomic_fetch_add(&in.live_skbs, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&in.skb_bytes, skb->truesize, __ATOMIC_RELAXED);
    return skb_ptr(skb);
}

/// A change of what it costs, up or down: the total has more bits than one packet's, so the sign counts.
void change_truesize(sk_buff& skb, int64_t bytes) {
    skb.truesize += static_cast<uint32_t>(bytes);
    __atomic_fetch_add(&skb.owner_stack->skb_bytes, static_cast<uint64_t>(bytes), __ATOMIC_RELAXED);
}

/// What a copy knows about the packet it was made of.
void copy_notes(sk_buff& to, const sk_buff& from) {
    to.device = from.device;
    to.protocol = from.protocol;
    to.checksum = from.checksum;
    to.gso_size = from.gso_size;
    to.packet_type = from.packet_type;
    to.received_at = from.received_at;
    memcpy(to.scratch, from.scratch, sizeof(to.scratch));
}

/// The place in a copy that corresponds to a header's place in the original, when the copy holds it.
uint8_t* same_place(const sk_buff& copy, const sk_buff& original, const uint8_t* header) {
    if (header == nullptr || header < original.data || header > original.tail) {
        return nullptr;
    }
    return copy.data + (header - original.data);
}

void copy_headers(sk_buff& to, const sk_buff& from) {
    to.mac_header = same_place(to, from, from.mac_header);
    to.network_header = same_place(to, from, from.network_header);
    to.transport_header = same_place(to, from, from.transport_header);
    if (from.checksum == checksum_state::partial) {
        const uint8_t* start = from.head + from.checksum_start;
        to.checksum_start = static_cast<uint16_t>(to.data - to.head + (start - from.data));
        to.checksum_offset = from.checksum_offset;
    }
}

} // namespace

skb_ptr allocate_skb(stack& in, uint32_t headroom, uint32_t size) {
    lib::ref<skb_block> block = skb_block::allocate(headroom + size);
    return block ? make_skb(in, std::move(block), headroom) : nullptr;
}

skb_ptr wrap_block(stack& in, lib::ref<skb_block> block, uint32_t offset, uint32_t length) {
    ASSERT(offset + length <= block->capacity);
    skb_ptr skb = make_skb(in, std::move(block), offset);
    if (skb) {
        skb->tail += length;
    }
    return skb;
}

void free_skb(sk_buff* skb) {
    ASSERT(!skb->link.linked());
    skb_orphan(*skb);
    stack& owner = *skb->owner_stack;
    __atomic_fetch_sub(&owner.live_skbs, 1, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&owner.skb_bytes, skb->truesize, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < skb->fragment_count; i++) {
        skb->fragments[i].~skb_fragment();
    }
    skb->~sk_buff();
    port::release(skb);
}

void skb_orphan(sk_buff& skb) {
    if (auto* uncharge = std::exchange(skb.uncharge, nullptr)) {
        uncharge(skb);
    }
    skb.charged_to = nullptr;
}

skb_ptr share_payload(sk_buff& original, uint32_t headroom) {
    const uint32_t linear = original.linear_length();
    if (original.fragment_count + (linear != 0 ? 1u : 0u) > sk_buff::max_fragments) {
        return copy_skb(original, headroom);
    }
    skb_ptr shared = allocate_skb(*original.owner_stack, headroom, 0);
    if (!shared) {
        return nullptr;
    }
    copy_notes(*shared, original);
    if (linear != 0) {
        const auto offset = static_cast<uint32_t>(original.data - original.block->bytes());
        (void)shared->add_fragment(original.block, offset, linear);
    }
    for (unsigned i = 0; i < original.fragment_count; i++) {
        const skb_fragment& fragment = original.fragments[i];
        (void)shared->add_fragment(fragment.block, fragment.offset, fragment.length);
    }
    return shared;
}

skb_ptr copy_skb(const sk_buff& original, uint32_t headroom) {
    const uint32_t length = original.length();
    skb_ptr copy = allocate_skb(*original.owner_stack, headroom, length);
    if (!copy) {
        return nullptr;
    }
    original.copy_bits(0, copy->put(length), length);
    copy_notes(*copy, original);
    copy_headers(*copy, original);
    return copy;
}

skb_ptr clone_skb(const sk_buff& original, uint32_t headroom) {
    const uint32_t linear = original.linear_length();
    skb_ptr clone = allocate_skb(*original.owner_stack, headroom, linear);
    if (!clone) {
        return nullptr;
    }
    memcpy(clone->put(linear), original.data, linear);
    for (unsigned i = 0; i < original.fragment_count; i++) {
        const skb_fragment& fragment = original.fragments[i];
        (void)clone->add_fragment(fragment.block, fragment.offset, fragment.length);
    }
    copy_notes(*clone, original);
    copy_headers(*clone, original);
    return clone;
}

// ---- the bytes of a packet -------------------------------------------------------------------------------

uint8_t* sk_buff::push(uint32_t bytes) {
    ASSERT(bytes <= headroom());
    data -= bytes;
    return data;
}

uint8_t* sk_buff::pull(uint32_t bytes) {
    ASSERT(bytes <= linear_length());
    data += bytes;
    return data;
}

uint8_t* sk_buff::put(uint32_t bytes) {
    ASSERT(bytes <= tailroom() && fragment_count == 0);
    uint8_t* appended = tail;
    tail += bytes;
    return appended;
}

void sk_buff::reserve(uint32_t headroom_bytes) {
    ASSERT(linear_length() == 0 && head + headroom_bytes <= end);
    data = tail = head + headroom_bytes;
}

void sk_buff::trim(uint32_t wanted) {
    ASSERT(wanted <= length());
    uint32_t keep = wanted > linear_length() ? wanted - linear_length() : 0;
    if (keep == 0) {
        tail = data + wanted;
    }
    fragment_bytes = keep;
    unsigned kept = 0;
    for (; kept < fragment_count && keep != 0; kept++) {
        fragments[kept].length = fragments[kept].length < keep ? fragments[kept].length : keep;
        keep -= fragments[kept].length;
    }
    for (unsigned i = kept; i < fragment_count; i++) {
        fragments[i].~skb_fragment();
    }
    fragment_count = static_cast<uint8_t>(kept);
}

void sk_buff::consume_front(uint32_t bytes) {
    ASSERT(bytes <= length());
    const uint32_t from_linear = bytes < linear_length() ? bytes : linear_length();
    data += from_linear;
    uint32_t rest = bytes - from_linear;
    fragment_bytes -= rest;
    unsigned gone = 0;
    while (gone < fragment_count && rest >= fragments[gone].length) {
        rest -= fragments[gone].length;
        gone++;
    }
    if (gone != 0) {
        for (unsigned i = gone; i < fragment_count; i++) {
            fragments[i - gone] = std::move(fragments[i]);
        }
        for (unsigned i = fragment_count - gone; i < fragment_count; i++) {
            fragments[i].~skb_fragment();
        }
        fragment_count = static_cast<uint8_t>(fragment_count - gone);
    }
    if (rest != 0) {
        fragments[0].offset += rest;
        fragments[0].length -= rest;
    }
}

lib::result<void> sk_buff::pull_linear(uint32_t wanted) {
    if (wanted <= linear_length()) {
        return {};
    }
    if (wanted > length()) {
        return lib::error{EINVAL};
    }
    const uint32_t missing = wanted - linear_length();
    if (missing > tailroom() || block->count() != 1) {
        TRY(move_linear(headroom(), wanted));
    }
    copy_bits(linear_length(), tail, missing);
    // The bytes are in the linear area now: take them off the fragments, then count them as linear.
    const uint32_t before = linear_length();
    uint8_t* old_data = data;
    data = tail;
    consume_front(missing);
    data = old_data;
    tail = data + before + missing;
    return {};
}

lib::result<void> sk_buff::move_linear(uint32_t new_headroom, uint32_t capacity) {
    const uint32_t used = linear_length();
    lib::ref<skb_block> fresh = skb_block::allocate(new_headroom + (capacity > used ? capacity : used));
    if (!fresh) {
        return lib::error{ENOMEM};
    }
    uint8_t* new_data = fresh->bytes() + new_headroom;
    // Headers that were pulled off already lie in front of data; they move along as far as there is room.
    const uint32_t behind = headroom() < new_headroom ? headroom() : new_headroom;
    memcpy(new_data - behind, data - behind, behind + used);
    const ptrdiff_t distance = new_data - data;
    auto moved = [&](uint8_t* header) -> uint8_t* {
        return header == nullptr || header < data - behind || header > tail ? nullptr : header + distance;
    };
    mac_header = moved(mac_header);
    network_header = moved(network_header);
    transport_header = moved(transport_header);
    checksum_start = static_cast<uint16_t>(checksum_start + (new_headroom - headroom()));
    change_truesize(*this, int64_t{fresh->capacity} - int64_t{block->capacity});
    block = std::move(fresh);
    head = block->bytes();
    end = head + block->capacity;
    data = new_data;
    tail = new_data + used;
    return {};
}

void sk_buff::copy_bits(uint32_t offset, void* to, uint32_t wanted) const {
    ASSERT(offset <= length() && wanted <= length() - offset);
    auto* out = static_cast<uint8_t*>(to);
    for_each_run(offset, wanted, [&](const uint8_t* bytes, uint32_t run) {
        memcpy(out, bytes, run);
        out += run;
    });
}

lib::result<void> sk_buff::add_fragment(lib::ref<skb_block> more, uint32_t offset, uint32_t bytes) {
    if (fragment_count == max_fragments) {
        return lib::error{ENOBUFS};
    }
    new (&fragments[fragment_count++]) skb_fragment{std::move(more), offset, bytes};
    fragment_bytes += bytes;
    change_truesize(*this, bytes);
    return {};
}

// ---- queues ----------------------------------------------------------------------------------------------

void skb_queue::push_back(skb_ptr skb) {
    note_added(*skb);
    list_.push_back(*skb.release());
}

void skb_queue::push_front(skb_ptr skb) {
    note_added(*skb);
    list_.push_front(*skb.release());
}

void skb_queue::insert_before(sk_buff& position, skb_ptr skb) {
    note_added(*skb);
    list_.insert_before(position, *skb.release());
}

void skb_queue::insert_after(sk_buff& position, skb_ptr skb) {
    note_added(*skb);
    list_.insert_after(position, *skb.release());
}

skb_ptr skb_queue::pop_front() {
    sk_buff* first = front();
    return first != nullptr ? remove(*first) : nullptr;
}

skb_ptr skb_queue::remove(sk_buff& skb) {
    list_.remove(skb);
    count_--;
    bytes_ -= skb.length();
    return skb_ptr(&skb);
}

void skb_queue::clear() {
    while (!empty()) {
        pop_front();
    }
}

void skb_queue::take_all(skb_queue& from) {
    while (!from.empty()) {
        push_back(from.pop_front());
    }
}

void skb_queue::note_added(const sk_buff& skb) {
    count_++;
    bytes_ += skb.length();
}

} // namespace net
