#include "net/ipv4/tcp_table.hpp"

// The tables of connections and listeners. A segment costs one lookup: first the connection of the previous
// segment is tried, because segments come in runs; then one bucket of the hash table is walked. The lock is
// held for the walk only; what was found is kept alive by a reference and checked again by its user under its
// own lock.
//
// A connection that enters the table may find the remains of an earlier one under the same four-tuple,
// waiting out TIME_WAIT. RFC 6191 lets it replace them when timestamps (or a second's silence) make old
// segments recognisable; the new connection then starts its sequence numbers above the old ones.

#include "kernel/abi/errno.h"
#include "kernel/lib/container_of.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_rtt.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

unsigned connection_bucket(const tcp_table& table, const tcp_key& key) {
    const uint64_t hash = lib::siphash(table.hash_key, &key, sizeof(key));
    return static_cast<unsigned>(hash) % tcp_table::connection_buckets;
}

unsigned listener_bucket(uint16_t port) {
    return port % tcp_table::listener_buckets;
}

/// Listeners that share a port by SO_REUSEPORT share the clients: each goes to the one whose claim is
/// highest. A request is known to its listener only, so when one comes or goes the others must keep their
/// clients: each claim is independent of all others (rendezvous hashing, Thaler and Ravishankar).
uint64_t claim(const tcp_table& table, const tcp_sock& listener, const tcp_key& client) {
    struct {
        tcp_key client;
        uint32_t listener;
    } message = {client, static_cast<uint32_t>(listener.id)};
    return lib::siphash(table.hash_key, &message, sizeof(message));
}

tcp_sock& connection_of(tcp_endpoint& entry) {
    return lib::container_of(entry, &tcp_sock::endpoint);
}

tcp_time_wait& remains_of(tcp_endpoint& entry) {
    return lib::container_of(entry, &tcp_time_wait::endpoint);
}

tcp_endpoint* find_locked(tcp_table& table, unsigned bucket, const tcp_key& key) {
    for (tcp_endpoint& entry : table.connections[bucket]) {
        if (entry.key == key) {
            return &entry;
        }
    }
    return nullptr;
}

tcp_found hold(tcp_endpoint& entry) {
    tcp_found found;
    if (entry.kind == tcp_endpoint_kind::connection) {
        found.connection = lib::ref<tcp_sock>::share(&connection_of(entry));
    } else {
        found.remains = lib::ref<tcp_time_wait>::share(&remains_of(entry));
    }
    return found;
}

/// RFC 6191: with timestamps old segments can be told from new ones as soon as the clock has moved.
bool may_reuse(const tcp_time_wait& remains) {
    return remains.substate == tcp_state::time_wait && remains.timestamps_ok && remains.ts_recent_at != 0 &&
           port::now() - remains.ts_recent_at > port::second;
}

/// A connection that its user has closed, but that is still saying goodbye when the stack ends.
void end_orphan(tcp_sock& orphan) {
    const auto keep = lib::ref<tcp_sock>::share(&orphan);
    port::guard hold_sock(orphan.sock_lock);
    ASSERT(orphan.orphan);
    tcp_done(orphan);
}

/// Starts above whatever the earlier connection can have in flight.
void continue_sequence(tcp_sock& sk, const tcp_time_wait& remains) {
    sk.write_seq = remains.snd_nxt + 65535 + 2;
    sk.ts_recent = remains.ts_recent;
    sk.ts_recent_at = remains.ts_recent_at;
}

} // namespace

lib::result<tcp_table*> create_tcp_table(stack&) {
    void* memory = port::allocate(sizeof(tcp_table), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    auto* table = new (memory) tcp_table;
    port::random_bytes(&table->hash_key, sizeof(table->hash_key));
    port::random_bytes(&table->isn_key, sizeof(table->isn_key));
    port::random_bytes(&table->timestamp_key, sizeof(table->timestamp_key));
    port::random_bytes(table->cookie_key, sizeof(table->cookie_key));
    table->initial_sequence = tcp_initial_sequence;
    return table;
}

void destroy_tcp_table(stack& in, tcp_table* table) {
    for (auto& bucket : table->connections) {
        while (tcp_endpoint* entry = bucket.front()) {
            if (entry->kind == tcp_endpoint_kind::time_wait) {
                tcp_end_time_wait(remains_of(*entry));
            } else {
                end_orphan(connection_of(*entry));
            }
        }
    }
    in.tcp = nullptr;
    table->~tcp_table();
    port::release(table);
}

tcp_found tcp_find_connection(stack& in, const tcp_key& key) {
    tcp_table& table = *in.tcp;
    port::guard hold_table(table.lock);
    if (table.last_found != nullptr && table.last_found->endpoint.key == key) {
        return hold(table.last_found->endpoint);
    }
    tcp_endpoint* entry = find_locked(table, connection_bucket(table, key), key);
    if (entry == nullptr) {
        return {};
    }
    if (entry->kind == tcp_endpoint_kind::connection) {
        table.last_found = &connection_of(*entry);
    }
    return hold(*entry);
}

lib::ref<tcp_sock> tcp_find_listener(stack& in, const tcp_key& key, unsigned device) {
    tcp_table& table = *in.tcp;
    port::guard hold_table(table.lock);
    tcp_sock* best = nullptr;
    int best_score = -1;
    for (tcp_sock& candidate : table.listeners[listener_bucket(key.local_port)]) {
        const bool fits = candidate.local_port == key.local_port &&
                          (candidate.local_address == 0 || candidate.local_address == key.local_address) &&
                          (candidate.bound_device == 0 || candidate.bound_device == device);
        const int score = (candidate.local_address != 0 ? 2 : 0) + (candidate.bound_device != 0 ? 1 : 0);
        if (!fits || score < best_score) {
            continue;
        }
        if (score > best_score || claim(table, candidate, key) > claim(table, *best, key)) {
            best = &candidate;
            best_score = score;
        }
    }
    return lib::ref<tcp_sock>::share(best);
}

lib::result<void> tcp_hash_connection(tcp_sock& sk, const tcp_key& key) {
    tcp_table& table = *sk.owner_stack->tcp;
    lib::ref<tcp_time_wait> replaced;
    {
        port::guard hold_table(table.lock);
        const unsigned bucket = connection_bucket(table, key);
        if (tcp_endpoint* entry = find_locked(table, bucket, key)) {
            if (entry->kind == tcp_endpoint_kind::connection || !may_reuse(remains_of(*entry))) {
                return lib::error{EADDRINUSE};
            }
            replaced = lib::ref<tcp_time_wait>::share(&remains_of(*entry));
            continue_sequence(sk, *replaced);
        }
        sk.endpoint.key = key;
        sk.get();
        table.connections[bucket].push_front(sk.endpoint);
        table.connection_count++;
    }
    if (replaced) {
        count(*sk.owner_stack, mib::tcpext_time_wait_recycled);
        tcp_end_time_wait(*replaced);
    }
    return {};
}

bool tcp_tuple_taken(inet_sock& sk, uint16_t local_port) {
    tcp_table& table = *sk.owner_stack->tcp;
    const tcp_key key = {sk.local_address, sk.remote_address, local_port, sk.remote_port};
    port::guard hold_table(table.lock);
    tcp_endpoint* entry = find_locked(table, connection_bucket(table, key), key);
    return entry != nullptr &&
           (entry->kind == tcp_endpoint_kind::connection || !may_reuse(remains_of(*entry)));
}

void tcp_hash_time_wait(tcp_sock& successor_of, tcp_time_wait& remains) {
    tcp_table& table = *successor_of.owner_stack->tcp;
    port::guard hold_table(table.lock);
    ASSERT(successor_of.endpoint.link.linked());
    remains.endpoint.key = successor_of.endpoint.key;
    remains.get();
    table.connections[connection_bucket(table, remains.endpoint.key)].push_front(remains.endpoint);
    table.time_wait_count++;
}

bool tcp_unhash_time_wait(tcp_time_wait& remains) {
    tcp_table& table = *remains.owner_stack->tcp;
    port::guard hold_table(table.lock);
    if (!remains.endpoint.link.linked()) {
        return false;
    }
    remains.endpoint.link.unlink();
    table.time_wait_count--;
    return true;
}

void tcp_hash_listener(tcp_sock& sk) {
    tcp_table& table = *sk.owner_stack->tcp;
    port::guard hold_table(table.lock);
    sk.get();
    table.listeners[listener_bucket(sk.local_port)].push_back(sk);
}

void tcp_unhash(tcp_sock& sk) {
    tcp_table& table = *sk.owner_stack->tcp;
    unsigned references = 0;
    {
        port::guard hold_table(table.lock);
        if (table.last_found == &sk) {
            table.last_found = nullptr;
        }
        if (sk.endpoint.link.linked()) {
            sk.endpoint.link.unlink();
            table.connection_count--;
            references++;
        }
        if (sk.listener_link.linked()) {
            sk.listener_link.unlink();
            references++;
        }
    }
    while (references-- > 0) {
        const bool last = sk.put();
        ASSERT(!last); // the caller holds one
    }
}

wire::seq tcp_initial_sequence(stack& in, const tcp_key& key) {
    constexpr port::time_ns clock_step = 4 * port::microsecond;
    const uint64_t hash = lib::siphash(in.tcp->isn_key, &key, sizeof(key));
    return wire::seq(static_cast<uint32_t>(hash + port::now() / clock_step));
}

uint32_t tcp_timestamp_offset(stack& in, const tcp_key& key) {
    const uint32_t hosts[2] = {key.local_address, key.remote_address};
    return static_cast<uint32_t>(lib::siphash(in.tcp->timestamp_key, hosts, sizeof(hosts)));
}

void tcp_visit(stack& in, const tcp_visitor& visitor) {
    // A visit takes the lock of each sock, which comes before that of the table: so the entries of a bucket
    // are collected under the table's lock and visited without it.
    constexpr unsigned at_once = 64;
    tcp_table& table = *in.tcp;
    for (unsigned bucket = 0; bucket < tcp_table::listener_buckets + tcp_table::connection_buckets;
         bucket++) {
        lib::ref<tcp_sock> socks[at_once];
        lib::ref<tcp_time_wait> remains[at_once];
        unsigned sock_count = 0;
        unsigned remains_count = 0;
        {
            port::guard hold_table(table.lock);
            if (bucket < tcp_table::listener_buckets) {
                for (tcp_sock& sk : table.listeners[bucket]) {
                    if (sock_count < at_once) {
                        socks[sock_count++] = lib::ref<tcp_sock>::share(&sk);
                    }
                }
            } else {
                for (tcp_endpoint& entry : table.connections[bucket - tcp_table::listener_buckets]) {
                    if (entry.kind == tcp_endpoint_kind::connection && sock_count < at_once) {
                        socks[sock_count++] = lib::ref<tcp_sock>::share(&connection_of(entry));
                    } else if (entry.kind == tcp_endpoint_kind::time_wait && remains_count < at_once) {
                        remains[remains_count++] = lib::ref<tcp_time_wait>::share(&remains_of(entry));
                    }
                }
            }
        }
        for (unsigned i = 0; i < sock_count; i++) {
            visitor.connection(visitor.context, *socks[i]);
        }
        for (unsigned i = 0; i < remains_count; i++) {
            visitor.remains(visitor.context, *remains[i]);
        }
    }
}

} // namespace net
