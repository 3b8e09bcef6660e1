#pragma once
// Local ports: who has bound which, and where an ephemeral one comes from. One table per protocol, hashed by
// port. Whether two socks may share a port follows Linux: SO_REUSEPORT on both (same user), SO_REUSEADDR on
// both while neither listens, or addresses that differ and neither of which is "any".
//
// Lock: inet_ports::lock (rank protocol_table), taken inside.

#include "net/ipv4/inet_sock.hpp"

#include <cstdint>

namespace net {

struct inet_ports;

enum class port_space : uint8_t { tcp, udp, ping };
constexpr unsigned port_space_count = 3;

/// Takes the port for address (0 = any) and fills sk.local_port; port 0 takes a free ephemeral one.
/// EADDRINUSE. sock_lock held.
lib::result<void> ports_bind(inet_sock& sk, port_space space, uint32_t address, uint16_t port);

/// The ephemeral port of an outgoing connection from sk.local_address to the remote end: double-hash port
/// selection of RFC 6056 §3.3.4, so that ports tell nothing about one another. `taken` says whether the
/// four-tuple with this port is in use; a port may thus be shared by connections to different ends.
/// EADDRNOTAVAIL when no port is left. sock_lock held.
using tuple_taken = bool (*)(inet_sock& sk, uint16_t local_port);
lib::result<void> ports_choose(inet_sock& sk, port_space space, const inet_endpoint& remote,
                               tuple_taken taken);

/// A child of a listener, or a TIME_WAIT successor, shares its parent's port.
void ports_inherit(inet_sock& child, const inet_sock& parent);
/// Makes sk a listener as far as the port is concerned (sk.listening), unless another one that must not share
/// listens there: false. Two that try at once do not both succeed.
bool ports_start_listening(inet_sock& sk);

/// What TIME_WAIT keeps of a sock's hold on its port: until it ends, nobody may bind the port who could not
/// have shared it with that sock (RFC 9293 §3.6.1; SO_REUSEADDR on both is the usual way).
struct port_remains {
    lib::list_link link;
    uint16_t local_port = 0;
    bool reuse_address = false;
    bool reuse_port = false;
    uint32_t owner_uid = 0;
    uint32_t address = 0;
    unsigned bound_device = 0;
};
void ports_leave_remains(const inet_sock& sk, port_remains& remains);
/// Gives the remains' hold back; nothing happens when there is none.
void ports_end_remains(stack& in, port_space space, port_remains& remains);
/// Gives the port back; nothing happens when there is none.
void ports_release(inet_sock& sk);

lib::result<inet_ports*> create_inet_ports();
void destroy_inet_ports(inet_ports* ports);

} // namespace net
