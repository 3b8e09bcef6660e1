// The neighbour table: finding an entry, its states, and sending through it. The packets of the protocol
// itself are in arp_input.cpp.
//
// Who takes what: the table holds one reference to each neighbour, a pending timer one, a route_entry that
// keeps it one. Packets are never sent and errors never raised while the table is locked: what becomes due
// is collected in a local queue first.
//
// Eviction gives every entry a second chance: an entry that was used since the hand last came by, or that a
// route holds, is passed over. So a flood of strangers replaces strangers.

#include "net/ipv4/arp.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/netdevice.h"
#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/ethernet/ethernet.hpp"
#include "net/ipv4/arp_table.hpp"
#include "net/ipv4/icmp.hpp"
#include "net/stack.hpp"
#include "net/wire/ethernet.hpp"
#include "net/wire/ipv4.hpp"

#include <new>

namespace net {
namespace {

constexpr port::time_ns delay_before_probe = 5 * port::second;
constexpr port::time_ns retransmit_interval = port::second;
constexpr unsigned probe_limit = 3;

// ---- time ------------------------------------------------------------------------------------------------

/// Asks for the neighbour: by broadcast, or by unicast when it only has to confirm itself.
void ask(const neighbour& entry, bool unicast) {
    arp_send_request(*entry.owner_stack, *entry.device, entry.address, entry.source_hint,
                     unicast ? entry.mac : nullptr);
}

/// Incomplete or probing: the next question, or the end. The waiting packets of an end go to `failed`.
void next_probe(arp_table& table, neighbour& entry, skb_queue& failed) {
    if (entry.probes >= probe_limit) {
        failed.take_all(entry.waiting);
        trace(*entry.owner_stack, trace_event::arp_resolve,
              {.value = {entry.address, static_cast<uint64_t>(neighbour_state::failed)}});
        table.remove(entry);
        return;
    }
    entry.probes++;
    table.start_timer(entry, retransmit_interval);
    ask(entry, entry.state == neighbour_state::probe);
}

void advance(arp_table& table, neighbour& entry, skb_queue& failed) {
    const port::time_ns now = port::now();
    const port::time_ns confirmed = __atomic_load_n(&entry.confirmed_at, __ATOMIC_RELAXED);
    const bool fresh = confirmed + reachable_base / 2 > now;
    switch (entry.state) {
    case neighbour_state::reachable:
        table.set_state(entry, fresh ? neighbour_state::reachable : neighbour_state::stale);
        table.start_timer(entry, fresh ? reachable_base / 2 : stale_lifetime);
        break;
    case neighbour_state::stale:
        if (entry.take_use() || entry.count() > 2) { // the table and our caller
            table.start_timer(entry, stale_lifetime);
        } else {
            table.remove(entry);
        }
        break;
    case neighbour_state::delay:
    case neighbour_state::probe:
        if (confirmed > entry.delayed_at) {
            table.set_state(entry, neighbour_state::reachable);
            table.start_timer(entry, reachable_time());
            break;
        }
        table.set_state(entry, neighbour_state::probe);
        next_probe(table, entry, failed);
        break;
    case neighbour_state::incomplete:
        next_probe(table, entry, failed);
        break;
    case neighbour_state::failed:
    case neighbour_state::permanent:
        break;
    }
}

/// Nobody answered: tells the senders, by way of the ICMP message that a router would send.
void report_unreachable(stack& in, skb_queue& failed) {
    while (skb_ptr skb = failed.pop_front()) {
        icmp_send(in, *skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
        drop(std::move(skb), drop_reason::arp_unresolved);
    }
}

} // namespace

neighbour_timer::neighbour_timer(neighbour& serves)
    : timer([](timer& expired) {
          auto entry = lib::ref<neighbour>::adopt(&static_cast<neighbour_timer&>(expired).owner);
          arp_table& table = *entry->owner_stack->arp;
          skb_queue failed;
          {
              port::guard held(table.lock);
              if (entry->in_table && entry->state_timer.due() == port::never) {
                  advance(table, *entry, failed);
              }
          }
          report_unreachable(*entry->owner_stack, failed);
      }),
      owner(serves) {}

// ---- sending ---------------------------------------------------------------------------------------------

namespace {

/// The entry that a packet is to use, made if need be; empty when the table is full. Lock held.
lib::ref<neighbour> entry_for(arp_table& table, stack& in, route_entry& route) {
    neighbour* entry = table.find(*route.device, route.next_hop);
    if (entry == nullptr) {
        if (table.incomplete >= arp_incomplete_limit) {
            return nullptr;
        }
        entry = table.create(in, *route.device, route.next_hop);
        if (entry == nullptr) {
            return nullptr;
        }
        entry->source_hint = route.source;
        entry->probes = 1;
        table.start_timer(*entry, retransmit_interval);
        ask(*entry, false);
    }
    return lib::ref<neighbour>::share(entry);
}

/// Whether two waiting packets are fragments of one datagram. They wait, and are dropped, together: half a
/// datagram is worth nothing.
bool same_datagram(const sk_buff& left, const sk_buff& right) {
    const auto& a = *reinterpret_cast<const wire::ipv4_header*>(left.data);
    const auto& b = *reinterpret_cast<const wire::ipv4_header*>(right.data);
    return a.is_fragment() && b.is_fragment() && a.identification == b.identification &&
           a.source == b.source && a.protocol == b.protocol;
}

unsigned datagrams_waiting(const skb_queue& waiting) {
    unsigned count = 0;
    const sk_buff* before = nullptr;
    for (const sk_buff& skb : waiting) {
        count += before == nullptr || !same_datagram(*before, skb) ? 1 : 0;
        before = &skb;
    }
    return count;
}

/// Queues behind an unanswered question; the oldest datagram makes room (RFC 1122 2.3.2.2). Lock held.
void wait_for_answer(neighbour& entry, skb_ptr skb) {
    skb_queue& waiting = entry.waiting;
    const bool begins = waiting.empty() || !same_datagram(*waiting.back(), *skb);
    if (begins && datagrams_waiting(waiting) >= arp_queue_limit) {
        const skb_ptr oldest = waiting.pop_front();
        while (!waiting.empty() && same_datagram(*oldest, *waiting.front())) {
            drop(waiting.pop_front(), drop_reason::arp_queue_full);
        }
        count_drop(*oldest->owner_stack, drop_reason::arp_queue_full);
    }
    waiting.push_back(std::move(skb));
}

/// Not known, or not lately: the way through the table.
void output_slowly(skb_ptr skb, route_entry& route) {
    stack& in = *skb->owner_stack;
    arp_table& table = *in.arp;
    uint8_t mac[wire::mac_bytes] = {};
    skb_queue failed;
    {
        port::guard held(table.lock);
        lib::ref<neighbour> entry = entry_for(table, in, route);
        route.neighbour_entry = entry;
        if (!entry) {
            failed.push_back(std::move(skb));
        } else if (!is_resolved(entry->state)) {
            wait_for_answer(*entry, std::move(skb));
            return;
        } else {
            entry->note_use();
            if (entry->state == neighbour_state::stale) {
                entry->delayed_at = port::now();
                table.set_state(*entry, neighbour_state::delay);
                table.start_timer(*entry, delay_before_probe);
            }
            memcpy(mac, entry->mac, sizeof(mac));
        }
    }
    if (!failed.empty()) {
        skb_ptr lost = failed.pop_front();
        icmp_send(in, *lost, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
        drop(std::move(lost), drop_reason::arp_table_full);
        return;
    }
    ethernet_transmit(std::move(skb), mac);
}

} // namespace

void neighbour_output(skb_ptr skb, route_entry& route) {
    if ((skb->device->features & feature_no_arp) != 0) {
        dev_queue_xmit(std::move(skb));
        return;
    }
    if (route.type == route_type::broadcast) {
        ethernet_transmit(std::move(skb), wire::ethernet_broadcast);
        return;
    }
    if (route.type == route_type::multicast) {
        uint8_t mac[wire::mac_bytes];
        wire::multicast_mac(route.destination, mac);
        ethernet_transmit(std::move(skb), mac);
        return;
    }
    if (neighbour* known = route.neighbour_entry.get(); known != nullptr) {
        const uint64_t word = __atomic_load_n(&known->hardware_word, __ATOMIC_ACQUIRE);
        if ((word & neighbour::usable_bit) != 0) {
            known->note_use();
            ethernet_transmit(std::move(skb), reinterpret_cast<const uint8_t*>(&word));
            return;
        }
    }
    output_slowly(std::move(skb), route);
}

void neighbour_confirm(neighbour& which) {
    __atomic_store_n(&which.confirmed_at, port::now(), __ATOMIC_RELAXED);
}

// ---- administration --------------------------------------------------------------------------------------

lib::result<void> arp_set(stack& in, const arp_entry& wanted) {
    arp_table& table = *in.arp;
    skb_queue ready;
    {
        port::guard held(table.lock);
        neighbour* entry = table.find(*wanted.device, wanted.address);
        if (entry == nullptr) {
            entry = table.create(in, *wanted.device, wanted.address);
        }
        if (entry == nullptr) {
            return lib::error{ENOBUFS};
        }
        table.resolved(*entry, wanted.mac,
                       wanted.permanent ? neighbour_state::permanent : neighbour_state::stale, ready);
    }
    arp_flush_ready(ready, wanted.mac);
    return {};
}

lib::result<void> arp_delete(stack& in, uint32_t address, net_device* device) {
    arp_table& table = *in.arp;
    skb_queue failed;
    {
        port::guard held(table.lock);
        neighbour* found = nullptr;
        for (neighbour& entry : table.ages) {
            if (entry.address == address && (device == nullptr || entry.device == device)) {
                found = &entry;
                break;
            }
        }
        if (found == nullptr) {
            return lib::error{ENXIO};
        }
        failed.take_all(found->waiting);
        table.remove(*found);
    }
    report_unreachable(in, failed);
    return {};
}

lib::result<arp_entry> arp_get(stack& in, uint32_t address, net_device* device) {
    port::guard held(in.arp->lock);
    for (const neighbour& entry : in.arp->ages) {
        if (entry.address == address && (device == nullptr || entry.device == device)) {
            arp_entry answer = {.address = address,
                                .device = entry.device,
                                .permanent = entry.state == neighbour_state::permanent,
                                .complete = is_resolved(entry.state)};
            memcpy(answer.mac, entry.mac, sizeof(answer.mac));
            return answer;
        }
    }
    return lib::error{ENXIO};
}

void arp_device_down(stack& in, net_device& device) {
    arp_table& table = *in.arp;
    port::guard held(table.lock);
    neighbour* next = nullptr;
    for (neighbour* entry = table.ages.front(); entry != nullptr; entry = next) {
        next = table.ages.next(*entry);
        if (entry->device == &device) {
            while (skb_ptr skb = entry->waiting.pop_front()) {
                drop(std::move(skb), drop_reason::device_down);
            }
            table.remove(*entry);
        }
    }
}

lib::result<arp_table*> create_arp_table(stack&) {
    void* memory = port::allocate(sizeof(arp_table), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* table = new (memory) arp_table;
    port::random_bytes(&table->hash_key, sizeof(table->hash_key));
    return table;
}

void destroy_arp_table(arp_table* table) {
    {
        port::guard held(table->lock);
        while (neighbour* entry = table->ages.front()) {
            entry->waiting.clear();
            table->remove(*entry);
        }
    }
    table->~arp_table();
    port::release(table);
}

} // namespace net
