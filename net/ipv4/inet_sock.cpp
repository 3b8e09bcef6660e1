// What the AF_INET protocols share: addresses to and from the user, bind, the kept route, and giving back.

#include "net/ipv4/inet_sock.hpp"

#include "kernel/abi/errno.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "net/ipv4/multicast.hpp"
#include "net/ipv4/ports.hpp"
#include "net/ipv4/ports_table.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

namespace net {

lib::result<inet_endpoint> parse_inet_address(const socket_address& address) {
    if (address.length < sizeof(sockaddr_in)) {
        return lib::error{EINVAL};
    }
    if (address.any.sa_family != AF_INET) {
        return lib::error{EAFNOSUPPORT};
    }
    return inet_endpoint{.address = lib::swap_bytes(address.in.sin_addr.s_addr),
                         .port = lib::swap_bytes(address.in.sin_port)};
}

void fill_inet_address(socket_address& address, const inet_endpoint& endpoint) {
    address.in = {};
    address.in.sin_family = AF_INET;
    address.in.sin_port = lib::swap_bytes(endpoint.port);
    address.in.sin_addr.s_addr = lib::swap_bytes(endpoint.address);
    address.length = sizeof(sockaddr_in);
}

namespace {

/// The address of a bind(): AF_UNSPEC with 0.0.0.0 is allowed for the sake of old programs, as on Linux.
lib::result<inet_endpoint> parse_bind_address(const socket_address& address) {
    if (address.length < sizeof(sockaddr_in)) {
        return lib::error{EINVAL};
    }
    if (address.any.sa_family == AF_UNSPEC && address.in.sin_addr.s_addr == INADDR_ANY) {
        return inet_endpoint{.address = 0, .port = lib::swap_bytes(address.in.sin_port)};
    }
    return parse_inet_address(address);
}

bool may_bind_address(const inet_sock& sk, uint32_t address) {
    if (address == 0 || sk.free_bind) {
        return true;
    }
    const route_type type = classify_destination(*sk.owner_stack, address, nullptr);
    return type != route_type::unicast;
}

} // namespace

void inet_set_address(inet_sock& sk, uint32_t address) {
    const route_type type = classify_destination(*sk.owner_stack, address, nullptr);
    sk.local_address = address;
    sk.address_bound = address != 0;
    sk.bound_to_many = address != 0 && (type == route_type::broadcast || type == route_type::multicast);
}

lib::result<void> inet_bind(sock& base, const socket_address& address) {
    inet_sock& sk = inet(base);
    const inet_endpoint wanted = TRY(parse_bind_address(address));
    if (!may_bind_address(sk, wanted.address)) {
        return lib::error{EADDRNOTAVAIL};
    }
    const bool privileged = wanted.port != 0 &&
                            wanted.port < sk.owner_stack->settings.ip_unprivileged_port_start &&
                            sk.protocol != IPPROTO_ICMP;
    if (privileged && !port::may_administer()) {
        return lib::error{EACCES};
    }
    port::guard held(sk.sock_lock);
    if (sk.port_bucket != nullptr || sk.listening) {
        return lib::error{EINVAL};
    }
    const uint32_t before = sk.local_address;
    inet_set_address(sk, wanted.address);
    if (wanted.port == 0 && sk.bind_without_port) {
        return {}; // the port comes with connect()
    }
    sk.port_bound = wanted.port != 0;
    const lib::result<void> bound = ports_bind(sk, space_of(sk), wanted.address, wanted.port);
    if (!bound.ok()) {
        sk.local_address = before;
        sk.address_bound = false;
        sk.port_bound = false;
    }
    return bound;
}

lib::result<void> inet_autobind(inet_sock& sk) {
    if (sk.port_bucket != nullptr) {
        return {};
    }
    const lib::result<void> bound = ports_bind(sk, space_of(sk), sk.local_address, 0);
    return bound.ok() ? lib::result<void>() : lib::error{EAGAIN};
}

lib::result<route_entry*> inet_route(inet_sock& sk, uint32_t destination) {
    stack& in = *sk.owner_stack;
    route_entry& kept = sk.cached_route;
    const bool group = wire::ipv4_is_multicast(destination);
    flow want = {.destination = destination,
                 .source = inet_source(sk),
                 .device = sk.bound_device,
                 .on_link = sk.dont_route};
    if (group) {
        want.device = want.device != 0 ? want.device : sk.multicast_device;
        want.source = want.source != 0 ? want.source : sk.multicast_source;
    }
    if (kept.generation != 0 && kept.asked == want && route_valid(in, kept)) {
        return &kept;
    }
    lib::result<route_entry> found = route_output(in, want);
    if (!found.ok()) {
        kept = {};
        return found.error();
    }
    kept = std::move(found).value();
    return &kept;
}

void inet_release_resources(inet_sock& sk) {
    leave_all_groups(sk);
    ports_release(sk);
    sk.cached_route = {};
}

} // namespace net
