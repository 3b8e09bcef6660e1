// Local ports. Port numbers are the hash themselves: who chooses them cannot make many socks collide on more
// than the one port that they share anyway.
//
// Ephemeral ports follow RFC 6056. A bind without a destination starts at a random place; a connection starts
// where a keyed hash of its destination points, and moves on by a counter that destinations share in groups.
// An observer of one destination learns nothing about the ports towards another.

#include "net/ipv4/ports.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/lib/minmax.hpp"
#include "net/ipv4/ports_table.hpp"
#include "net/stack.hpp"

#include <new>

namespace net {
namespace {

/// The ephemeral ports at this moment: ip_local_port_range.
struct ephemeral_ports {
    explicit ephemeral_ports(const stack& in)
        : first(static_cast<unsigned>(in.settings.ip_local_port_range.first)),
          count(static_cast<unsigned>(
                    lib::max<int>(in.settings.ip_local_port_range.last, static_cast<int>(first))) -
                first + 1) {}

    uint16_t at(uint32_t index) const { return static_cast<uint16_t>(first + index % count); }

    const unsigned first;
    const unsigned count;
};

/// Whether two socks may be on one port (socket(7), and Linux's inet_csk_bind_conflict).
bool may_share(const inet_sock& have, const inet_sock& want, uint32_t address) {
    if (have.bound_device != 0 && want.bound_device != 0 && have.bound_device != want.bound_device) {
        return true;
    }
    if (have.reuse_port && want.reuse_port && have.owner_uid == want.owner_uid) {
        return true;
    }
    const bool datagram = want.type != SOCK_STREAM;
    if (have.reuse_address && want.reuse_address && (datagram || (!have.listening && !want.listening))) {
        return true;
    }
    const uint32_t have_address = have.address_bound ? have.local_address : 0;
    return have_address != 0 && address != 0 && have_address != address;
}

/// The same for what TIME_WAIT keeps of a sock.
bool may_share(const port_remains& have, const inet_sock& want, uint32_t address) {
    return (have.bound_device != 0 && want.bound_device != 0 && have.bound_device != want.bound_device) ||
           (have.reuse_port && want.reuse_port && have.owner_uid == want.owner_uid) ||
           (have.reuse_address && want.reuse_address) ||
           (have.address != 0 && address != 0 && have.address != address);
}

/// Whether the port is free for this sock. Table lock held.
bool is_free(inet_port_table& table, const inet_sock& sk, uint32_t address, uint16_t port) {
    for (const inet_sock& other : table.bucket_of(port).socks) {
        if (&other != &sk && other.local_port == port && !may_share(other, sk, address)) {
            return false;
        }
    }
    for (const port_remains& other : table.bucket_of(port).remains) {
        if (other.local_port == port && !may_share(other, sk, address)) {
            return false;
        }
    }
    return true;
}

void enter(inet_port_table& table, inet_sock& sk, uint16_t port) {
    sk.local_port = port;
    sk.port_bucket = &table.bucket_of(port);
    sk.port_bucket->socks.push_front(sk);
    table.sock_count++;
}

inet_port_table& table_of(const inet_sock& sk) {
    return (*sk.owner_stack->ports)[space_of(sk)];
}

} // namespace

port_space space_of(const inet_sock& sk) {
    switch (sk.protocol) {
    case IPPROTO_TCP:
        return port_space::tcp;
    case IPPROTO_UDP:
        return port_space::udp;
    default:
        return port_space::ping;
    }
}

lib::result<void> ports_bind(inet_sock& sk, port_space space, uint32_t address, uint16_t wanted) {
    inet_port_table& table = (*sk.owner_stack->ports)[space];
    port::guard held(table.lock);
    ASSERT(sk.port_bucket == nullptr);
    if (wanted != 0) {
        if (!is_free(table, sk, address, wanted)) {
            return lib::error{EADDRINUSE};
        }
        enter(table, sk, wanted);
        return {};
    }
    const uint32_t start = port::random_u32();
    const ephemeral_ports ephemeral(*sk.owner_stack);
    for (unsigned i = 0; i < ephemeral.count; i++) {
        const uint16_t port = ephemeral.at(start + i);
        // A port that nobody chose is shared with nobody, whatever the options say.
        bool used = false;
        for (const inet_sock& other : table.bucket_of(port).socks) {
            used = used || other.local_port == port;
        }
        for (const port_remains& other : table.bucket_of(port).remains) {
            used = used || other.local_port == port;
        }
        if (!used) {
            enter(table, sk, port);
            return {};
        }
    }
    return lib::error{EADDRINUSE};
}

lib::result<void> ports_choose(inet_sock& sk, port_space space, const inet_endpoint& remote,
                               tuple_taken taken) {
    inet_ports& ports = *sk.owner_stack->ports;
    inet_port_table& table = ports[space];
    const uint32_t key[] = {sk.local_address, remote.address, remote.port};
    const uint64_t hash = lib::siphash(ports.hash_key, key, sizeof(key));
    uint32_t& step = ports.steps[(hash >> 32) % inet_ports::step_counters];
    const ephemeral_ports ephemeral(*sk.owner_stack);
    port::guard held(table.lock);
    ASSERT(sk.port_bucket == nullptr);
    // Under the lock: who chooses at the same time for the same destination begins behind this one's port.
    const uint32_t start = static_cast<uint32_t>(hash) + __atomic_load_n(&step, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < ephemeral.count; i++) {
        const uint16_t port = ephemeral.at(start + i);
        bool free = true;
        for (const inet_sock& other : table.bucket_of(port).socks) {
            // A port that was bound by name, or listens, is left alone; one that other connections use
            // may serve this one as well as long as the four-tuple differs.
            free = free && (other.local_port != port ||
                            (!other.port_bound && !other.port_inherited && !other.listening));
        }
        if (free && !taken(sk, port)) {
            enter(table, sk, port);
            __atomic_fetch_add(&step, i + 1, __ATOMIC_RELAXED);
            return {};
        }
    }
    return lib::error{EADDRNOTAVAIL};
}

void ports_inherit(inet_sock& child, const inet_sock& parent) {
    inet_port_table& table = table_of(parent);
    port::guard held(table.lock);
    child.port_inherited = true;
    enter(table, child, parent.local_port);
}

bool ports_start_listening(inet_sock& sk) {
    inet_port_table& table = table_of(sk);
    port::guard held(table.lock);
    const uint32_t address = sk.address_bound ? sk.local_address : 0;
    for (const inet_sock& other : table.bucket_of(sk.local_port).socks) {
        if (&other == &sk || other.local_port != sk.local_port || !other.listening) {
            continue;
        }
        const uint32_t have = other.address_bound ? other.local_address : 0;
        const bool differ = have != 0 && address != 0 && have != address;
        const bool group = other.reuse_port && sk.reuse_port && other.owner_uid == sk.owner_uid;
        if (!differ && !group) {
            return false;
        }
    }
    sk.listening = true;
    return true;
}

void ports_release(inet_sock& sk) {
    inet_port_table& table = table_of(sk);
    port::guard held(table.lock);
    if (sk.port_bucket == nullptr) {
        return;
    }
    sk.port_bucket->socks.remove(sk);
    sk.port_bucket = nullptr;
    sk.port_inherited = false;
    table.sock_count--;
}

void ports_leave_remains(const inet_sock& sk, port_remains& remains) {
    inet_port_table& table = table_of(sk);
    remains.local_port = sk.local_port;
    remains.reuse_address = sk.reuse_address;
    remains.reuse_port = sk.reuse_port;
    remains.owner_uid = sk.owner_uid;
    remains.address = sk.local_address;
    remains.bound_device = sk.bound_device;
    port::guard held(table.lock);
    table.bucket_of(sk.local_port).remains.push_front(remains);
}

void ports_end_remains(stack& in, port_space space, port_remains& remains) {
    port::guard held((*in.ports)[space].lock);
    if (remains.link.linked()) {
        remains.link.unlink();
    }
}

lib::result<inet_ports*> create_inet_ports() {
    void* memory = port::allocate(sizeof(inet_ports), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* ports = new (memory) inet_ports;
    port::random_bytes(&ports->hash_key, sizeof(ports->hash_key));
    port::random_bytes(ports->steps, sizeof(ports->steps));
    return ports;
}

void destroy_inet_ports(inet_ports* ports) {
    ports->~inet_ports();
    port::release(ports);
}

} // namespace net
