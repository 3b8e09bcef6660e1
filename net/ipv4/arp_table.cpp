// The table of neighbours, under its lock (see arp.cpp for who uses it how).

#include "net/ipv4/arp_table.hpp"

#include "kernel/lib/string.hpp"
#include "net/stack.hpp"
#include "net/wire/ethernet.hpp"

#include <new>

namespace net {

neighbour::neighbour(stack& in, net_device& on, uint32_t host_address)
    : owner_stack(&in), device(&on), address(host_address), state_timer(*this) {}

void neighbour::release_last(neighbour* which) {
    which->~neighbour();
    port::release(which);
}

unsigned arp_table::bucket_of(const net_device& device, uint32_t address) const {
    const uint64_t key[] = {device.index, address};
    return static_cast<unsigned>(lib::siphash(hash_key, key, sizeof(key)) % bucket_count);
}

neighbour* arp_table::find(const net_device& device, uint32_t address) {
    for (neighbour& entry : buckets[bucket_of(device, address)]) {
        if (entry.address == address && entry.device == &device) {
            return &entry;
        }
    }
    return nullptr;
}

void arp_table::remove(neighbour& entry) {
    buckets[bucket_of(*entry.device, entry.address)].remove(entry);
    ages.remove(entry);
    count--;
    entry.in_table = false;
    set_state(entry, neighbour_state::failed);
    stop_timer(entry);
    lib::ref<neighbour>::adopt(&entry).reset();
}

bool arp_table::evict_one() {
    for (unsigned i = 0; i < count; i++) {
        neighbour& oldest = *ages.front();
        const uint32_t idle_references = oldest.state_timer.due() != port::never ? 2 : 1;
        const bool used = oldest.take_use();
        const bool keep = used || oldest.state == neighbour_state::permanent ||
                          oldest.count() > idle_references || !oldest.waiting.empty();
        if (!keep) {
            remove(oldest);
            return true;
        }
        ages.remove(oldest);
        ages.push_back(oldest);
    }
    return false;
}

neighbour* arp_table::create(stack& in, net_device& device, uint32_t address) {
    if (count >= arp_table_limit && !evict_one()) {
        return nullptr;
    }
    void* memory = port::allocate(sizeof(neighbour), port::memory_tag::table);
    if (memory == nullptr) {
        return nullptr;
    }
    auto* fresh = new (memory) neighbour(in, device, address);
    fresh->in_table = true;
    incomplete++;
    buckets[bucket_of(device, address)].push_front(*fresh);
    ages.push_back(*fresh);
    count++;
    return fresh;
}

void arp_table::set_state(neighbour& entry, neighbour_state state) {
    incomplete += (state == neighbour_state::incomplete ? 1u : 0u) -
                  (entry.state == neighbour_state::incomplete ? 1u : 0u);
    entry.state = state;
    // A stale entry has no word: the next packet must come by here and start the clock of `delay`.
    const bool usable = is_resolved(state) && state != neighbour_state::stale;
    uint64_t word = 0;
    if (usable) {
        memcpy(&word, entry.mac, wire::mac_bytes);
        word |= neighbour::usable_bit;
    }
    __atomic_store_n(&entry.hardware_word, word, __ATOMIC_RELEASE);
}

void arp_table::start_timer(neighbour& entry, port::time_ns after) {
    if (entry.owner_stack->timers.set(entry.state_timer, port::now() + after)) {
        entry.get();
    }
}

void arp_table::stop_timer(neighbour& entry) {
    if (entry.owner_stack->timers.cancel(entry.state_timer)) {
        lib::ref<neighbour>::adopt(&entry).reset();
    }
}

void arp_table::resolved(neighbour& entry, const uint8_t* mac, neighbour_state state, skb_queue& ready) {
    const port::time_ns now = port::now();
    if (!wire::mac_equal(entry.mac, mac)) {
        memcpy(entry.mac, mac, wire::mac_bytes);
        entry.updated_at = now;
    }
    if (state == neighbour_state::reachable) {
        __atomic_store_n(&entry.confirmed_at, now, __ATOMIC_RELAXED);
    }
    set_state(entry, state);
    entry.probes = 0;
    if (state == neighbour_state::permanent) {
        stop_timer(entry);
    } else {
        start_timer(entry, state == neighbour_state::reachable ? reachable_time() : stale_lifetime);
    }
    ready.take_all(entry.waiting);
    trace(*entry.owner_stack, trace_event::arp_resolve,
          {.value = {entry.address, static_cast<uint64_t>(state)}});
}

} // namespace net
