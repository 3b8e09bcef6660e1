// Reassembly. A datagram in the making is a list of fragments sorted by offset that never overlap: any
// overlap but an exact repetition ends the whole datagram (RFC 5722's rule, applied to IPv4), because only
// attackers produce them. The datagram is done when the last fragment is known and the lengths add up to it.
//
// Memory is bounded four ways (ip_fragment.hpp): when the whole is over its limit the oldest datagram goes,
// and one source can fill only a part, after which its own oldest goes, so that a flood from one host does
// not stop the others.

#include "net/ipv4/ip_fragment.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/lib/siphash.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/core/skb_checksum.hpp"
#include "net/core/snmp.hpp"
#include "net/core/sock.hpp"
#include "net/ipv4/icmp.hpp"
#include "net/ipv4/reassembly_table.hpp"
#include "net/stack.hpp"
#include "net/wire/checksum.hpp"
#include "net/wire/ipv4.hpp"

#include <new>

namespace net {

namespace {

uint32_t end_of(const sk_buff& skb) {
    return place_of(skb).offset + skb.length();
}

/// Takes a datagram out of the table. The caller has a reference of its own or lets it go. Lock held.
void take_out(reassembly_table& table, reassembly& datagram) {
    table.datagrams.remove(datagram);
    table.count--;
    table.memory -= datagram.memory;
    datagram.in_table = false;
    if (datagram.owner_stack->timers.cancel(datagram.deadline)) {
        lib::ref<reassembly>::adopt(&datagram).reset();
    }
}

/// Ends a datagram that will never be whole. Lock held.
void discard(reassembly_table& table, reassembly& datagram, drop_reason reason) {
    stack& in = *datagram.owner_stack;
    take_out(table, datagram);
    count(in, mib::ip_reassembly_failures);
    while (skb_ptr fragment = datagram.fragments.pop_front()) {
        drop(std::move(fragment), reason);
    }
    lib::ref<reassembly>::adopt(&datagram).reset();
}

reassembly* find(reassembly_table& table, const datagram_key& key) {
    for (reassembly& datagram : table.datagrams) {
        if (datagram.key == key) {
            return &datagram;
        }
    }
    return nullptr;
}

/// What one source has in the table.
struct source_share {
    unsigned datagrams = 0;
    uint32_t memory = 0;
    reassembly* oldest = nullptr;
};

source_share share_of(reassembly_table& table, uint32_t source) {
    source_share share;
    for (reassembly& datagram : table.datagrams) {
        if (datagram.key.source == source) {
            share.datagrams++;
            share.memory += datagram.memory;
            share.oldest = share.oldest == nullptr ? &datagram : share.oldest;
        }
    }
    return share;
}

reassembly* create(reassembly_table& table, stack& in, const datagram_key& key) {
    if (share_of(table, key.source).datagrams >= reassembly_per_source_limit) {
        return nullptr;
    }
    while (table.count >= reassembly_datagram_limit) {
        discard(table, *table.datagrams.front(), drop_reason::ip_fragment_limit);
    }
    void* memory = port::allocate(sizeof(reassembly), port::memory_tag::table);
    if (memory == nullptr) {
        return nullptr;
    }
    auto* fresh = new (memory) reassembly(in, key);
    table.datagrams.push_back(*fresh);
    table.count++;
    fresh->get(); // for the timer
    in.timers.set(fresh->deadline, port::now() + reassembly_timeout);
    return fresh;
}

/// Bytes of transport header that a first fragment must hold, so that no rule can be evaded by cutting
/// through it (RFC 1858 §3).
uint32_t least_first_fragment(uint8_t protocol) {
    switch (protocol) {
    case IPPROTO_TCP:
        return 20;
    case IPPROTO_UDP:
    case IPPROTO_ICMP:
        return 8;
    default:
        return 0;
    }
}

/// Checks one fragment by itself. data is at the payload.
bool is_malformed(const wire::ipv4_header& header, uint32_t payload) {
    const uint32_t offset = header.fragment_offset();
    const bool odd_length = header.more_fragments() && payload % 8 != 0;
    const bool too_long = offset + payload > wire::ipv4_max_length - header.header_length();
    const bool tiny = offset == 0 && payload < least_first_fragment(header.protocol);
    return payload == 0 || odd_length || too_long || tiny;
}

enum class insertion : uint8_t { added, duplicate, overlap };

/// Puts a fragment in its place. Fragments mostly come in order, so the place is sought from the back.
insertion insert(reassembly& datagram, skb_ptr& fragment) {
    const uint32_t offset = place_of(*fragment).offset;
    const uint32_t end = end_of(*fragment);
    sk_buff* before = datagram.fragments.back();
    while (before != nullptr && place_of(*before).offset > offset) {
        before = datagram.fragments.previous(*before);
    }
    if (before != nullptr && place_of(*before).offset == offset && end_of(*before) == end) {
        return insertion::duplicate;
    }
    const sk_buff* after = before != nullptr ? datagram.fragments.next(*before) : datagram.fragments.front();
    if ((before != nullptr && end_of(*before) > offset) ||
        (after != nullptr && place_of(*after).offset < end)) {
        return insertion::overlap;
    }
    if (before != nullptr) {
        datagram.fragments.insert_after(*before, std::move(fragment));
    } else {
        datagram.fragments.push_front(std::move(fragment));
    }
    return insertion::added;
}

/// Copies the pieces into one linear packet with the header of the first. Empty when memory is short.
skb_ptr join(reassembly& datagram) {
    sk_buff& first = *datagram.fragments.front();
    const uint32_t header_bytes = place_of(first).header_bytes;
    skb_ptr whole = allocate_skb(*datagram.owner_stack, max_header_bytes, header_bytes + datagram.total);
    if (!whole) {
        return nullptr;
    }
    memcpy(whole->put(header_bytes), first.data - header_bytes, header_bytes);
    for (const sk_buff& fragment : datagram.fragments) {
        const uint32_t length = fragment.length();
        fragment.copy_bits(0, whole->put(length), length);
    }
    whole->device = first.device;
    whole->protocol = first.protocol;
    whole->packet_type = first.packet_type;
    whole->received_at = first.received_at;
    whole->network_header = whole->data;
    auto& header = *reinterpret_cast<wire::ipv4_header*>(whole->data);
    header.total_length = static_cast<uint16_t>(whole->length());
    header.flags_and_offset = 0;
    header.checksum = 0;
    header.checksum =
        lib::be16::from_raw(wire::checksum_finish(wire::checksum_add(0, &header, header_bytes)));
    return whole;
}

/// The datagram is whole: takes it out and joins it. Lock held.
skb_ptr finish(reassembly_table& table, reassembly& datagram) {
    stack& in = *datagram.owner_stack;
    skb_ptr whole = join(datagram);
    if (!whole) {
        discard(table, datagram, drop_reason::no_memory);
        return nullptr;
    }
    take_out(table, datagram);
    count(in, mib::ip_reassembly_ok);
    trace(in, trace_event::ip_reassembled,
          {.skb = whole->id, .value = {datagram.key.identification, whole->length()}});
    lib::ref<reassembly>::adopt(&datagram).reset();
    return whole;
}

/// Keeps within the limits of memory after a fragment of `source` came: first at the cost of that source,
/// whose datagrams may have begun small, then of the oldest. Lock held.
void limit_memory(reassembly_table& table, uint32_t source) {
    for (source_share share = share_of(table, source); share.memory > reassembly_source_memory_limit;
         share = share_of(table, source)) {
        discard(table, *share.oldest, drop_reason::ip_fragment_limit);
    }
    while (table.memory > reassembly_memory_limit) {
        discard(table, *table.datagrams.front(), drop_reason::ip_fragment_limit);
    }
}

/// Adds a checked fragment to its datagram. Lock held. Gives back the whole packet when this was the last.
skb_ptr add_fragment(reassembly_table& table, stack& in, const datagram_key& key, skb_ptr fragment,
                     bool more) {
    reassembly* datagram = find(table, key);
    if (datagram == nullptr) {
        datagram = create(table, in, key);
    }
    if (datagram == nullptr) {
        count(in, mib::ip_reassembly_failures);
        drop(std::move(fragment), drop_reason::ip_fragment_limit);
        return nullptr;
    }
    const uint32_t end = end_of(*fragment);
    const bool contradicts =
        datagram->total != 0 && (end > datagram->total || (!more && end != datagram->total));
    const bool beyond_last =
        !more && !datagram->fragments.empty() && end_of(*datagram->fragments.back()) > end;
    if (contradicts || beyond_last) {
        drop(std::move(fragment), drop_reason::ip_fragment_overlap);
        discard(table, *datagram, drop_reason::ip_fragment_overlap);
        return nullptr;
    }
    if (datagram->fragments.count() >= reassembly_fragment_limit) {
        drop(std::move(fragment), drop_reason::ip_fragment_limit);
        discard(table, *datagram, drop_reason::ip_fragment_limit);
        return nullptr;
    }
    const uint32_t truesize = fragment->truesize;
    const uint32_t payload = fragment->length();
    switch (insert(*datagram, fragment)) {
    case insertion::duplicate:
        drop(std::move(fragment), drop_reason::ip_fragment_overlap);
        return nullptr;
    case insertion::overlap:
        drop(std::move(fragment), drop_reason::ip_fragment_overlap);
        discard(table, *datagram, drop_reason::ip_fragment_overlap);
        return nullptr;
    case insertion::added:
        break;
    }
    datagram->received += payload;
    datagram->memory += truesize;
    table.memory += truesize;
    datagram->total = more ? datagram->total : end;
    if (datagram->total != 0 && datagram->received == datagram->total) {
        return finish(table, *datagram);
    }
    limit_memory(table, key.source);
    return nullptr;
}

/// Thirty seconds are over: tells the sender, if it was the first fragment that came (RFC 792).
void time_out(reassembly& datagram) {
    stack& in = *datagram.owner_stack;
    count(in, mib::ip_reassembly_timeouts);
    count(in, mib::ip_reassembly_failures);
    sk_buff* first = datagram.fragments.front();
    if (first != nullptr && place_of(*first).offset == 0) {
        first->push(place_of(*first).header_bytes);
        icmp_send(in, *first, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
    }
    while (skb_ptr fragment = datagram.fragments.pop_front()) {
        drop(std::move(fragment), drop_reason::ip_fragment_timeout);
    }
}

} // namespace

reassembly_timer::reassembly_timer(reassembly& serves)
    : timer([](timer& expired) {
          auto datagram = lib::ref<reassembly>::adopt(&static_cast<reassembly_timer&>(expired).owner);
          reassembly_table& table = *datagram->owner_stack->reassembly;
          {
              port::guard held(table.lock);
              if (!datagram->in_table) {
                  return;
              }
              take_out(table, *datagram);
          }
          lib::ref<reassembly>::adopt(datagram.get()).reset(); // the table's
          time_out(*datagram);
      }),
      owner(serves) {}

skb_ptr ip_reassemble(stack& in, skb_ptr fragment) {
    const auto header = *reinterpret_cast<const wire::ipv4_header*>(fragment->data);
    const uint32_t header_bytes = header.header_length();
    count(in, mib::ip_reassembly_required);
    fragment->pull(header_bytes);
    trace(in, trace_event::ip_fragment,
          {.skb = fragment->id,
           .value = {header.identification, header.fragment_offset(), fragment->length(),
                     header.more_fragments() ? 1u : 0u}});
    if (is_malformed(header, fragment->length())) {
        count(in, mib::ip_reassembly_failures);
        drop(std::move(fragment), drop_reason::ip_fragment_malformed);
        return nullptr;
    }
    const fragment_place place = {.offset = header.fragment_offset(), .header_bytes = header_bytes};
    memcpy(fragment->scratch, &place, sizeof(place));
    const datagram_key key = {.source = header.source,
                              .destination = header.destination,
                              .identification = header.identification,
                              .protocol = header.protocol};
    reassembly_table& table = *in.reassembly;
    port::guard held(table.lock);
    return add_fragment(table, in, key, std::move(fragment), header.more_fragments());
}

// ---- cutting ---------------------------------------------------------------------------------------------

namespace {

/// One fragment: a copy of the header and of a part of the payload.
skb_ptr cut(const sk_buff& packet, uint32_t header_bytes, uint32_t offset, uint32_t length, bool more) {
    skb_ptr piece = allocate_skb(*packet.owner_stack, max_header_bytes, header_bytes + length);
    if (!piece) {
        return nullptr;
    }
    memcpy(piece->put(header_bytes), packet.data, header_bytes);
    packet.copy_bits(header_bytes + offset, piece->put(length), length);
    auto& header = *reinterpret_cast<wire::ipv4_header*>(piece->data);
    // A packet that is a fragment itself (raw sockets) is cut further: its offset and flag carry over.
    const auto first_unit = static_cast<uint16_t>(header.flags_and_offset & wire::ipv4_offset_mask);
    const bool more_follow = more || header.more_fragments();
    header.total_length = static_cast<uint16_t>(piece->length());
    header.flags_and_offset =
        static_cast<uint16_t>((first_unit + offset / 8) | (more_follow ? wire::ipv4_more_fragments : 0));
    header.checksum = 0;
    header.checksum =
        lib::be16::from_raw(wire::checksum_finish(wire::checksum_add(0, &header, header_bytes)));
    piece->network_header = piece->data;
    piece->device = packet.device;
    return piece;
}

} // namespace

lib::result<void> ip_fragment_output(skb_ptr skb, uint32_t mtu, skb_queue& fragments) {
    stack& in = *skb->owner_stack;
    const uint32_t header_bytes = reinterpret_cast<const wire::ipv4_header*>(skb->data)->header_length();
    // The card can sum only what it sees whole.
    if (skb->checksum == checksum_state::partial) {
        skb_complete_checksum(*skb);
    }
    const uint32_t payload = skb->length() - header_bytes;
    const uint32_t step = (mtu - header_bytes) & ~7u;
    for (uint32_t offset = 0; offset < payload; offset += step) {
        const uint32_t left = payload - offset;
        skb_ptr piece = cut(*skb, header_bytes, offset, left < step ? left : step, left > step);
        if (!piece) {
            count(in, mib::ip_fragmented_failures);
            fragments.clear();
            drop(std::move(skb), drop_reason::no_memory);
            return lib::error{ENOBUFS};
        }
        if (skb->charged_to != nullptr && skb->uncharge != nullptr) {
            sock_charge_send(*skb->charged_to, *piece);
        }
        fragments.push_back(std::move(piece));
    }
    count(in, mib::ip_fragmented_ok);
    count(in, mib::ip_fragments_created, fragments.count());
    return {};
}

uint16_t ip_next_identification(stack& in, uint32_t source, uint32_t destination, uint8_t protocol) {
    reassembly_table& table = *in.reassembly;
    const uint32_t key[] = {source, destination, protocol};
    const uint64_t hash = lib::siphash(table.identification_key, key, sizeof(key));
    uint32_t& counter = table.identifications[hash % reassembly_table::identification_counters];
    const uint32_t step = 1 + port::random_u32() % 7;
    const uint32_t number = __atomic_add_fetch(&counter, step, __ATOMIC_RELAXED);
    return static_cast<uint16_t>(number + (hash >> 32));
}

// ---- the table -------------------------------------------------------------------------------------------

reassembly_usage ip_reassembly_usage(stack& in) {
    port::guard held(in.reassembly->lock);
    return {.datagrams = in.reassembly->count, .bytes = in.reassembly->memory};
}

lib::result<reassembly_table*> create_reassembly_table(stack&) {
    void* memory = port::allocate(sizeof(reassembly_table), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* table = new (memory) reassembly_table;
    port::random_bytes(&table->identification_key, sizeof(table->identification_key));
    return table;
}

void destroy_reassembly_table(reassembly_table* table) {
    {
        port::guard held(table->lock);
        while (reassembly* datagram = table->datagrams.front()) {
            datagram->fragments.clear();
            discard(*table, *datagram, drop_reason::ip_fragment_timeout);
        }
    }
    table->~reassembly_table();
    port::release(table);
}

} // namespace net
