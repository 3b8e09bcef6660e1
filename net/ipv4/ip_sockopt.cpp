// Options of level IPPROTO_IP (ip(7)).

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "net/ipv4/inet_sock.hpp"
#include "net/ipv4/multicast.hpp"
#include "net/stack.hpp"

namespace net {
namespace {

/// An option value may be an int or, as BSD programs do it, a single byte; nothing at all is 0.
int read_number(const void* value, uint32_t length) {
    if (length >= sizeof(int)) {
        int number = 0;
        memcpy(&number, value, sizeof(number));
        return number;
    }
    return length >= 1 ? int{*static_cast<const uint8_t*>(value)} : 0;
}

/// ip_mreqn, or the shorter ip_mreq without an index.
lib::result<ip_mreqn> read_membership(const void* value, uint32_t length) {
    ip_mreqn request = {};
    if (length < sizeof(ip_mreq)) {
        return lib::error{EINVAL};
    }
    memcpy(&request, value, length < sizeof(request) ? sizeof(ip_mreq) : sizeof(request));
    return request;
}

lib::result<void> change_membership(inet_sock& sk, int option, const void* value, uint32_t length) {
    const ip_mreqn request = TRY(read_membership(value, length));
    const uint32_t group = lib::swap_bytes(request.imr_multiaddr.s_addr);
    const uint32_t address = lib::swap_bytes(request.imr_address.s_addr);
    const auto index = static_cast<unsigned>(request.imr_ifindex);
    return option == IP_ADD_MEMBERSHIP ? join_group(sk, group, address, index)
                                       : leave_group(sk, group, address, index);
}

lib::result<void> set_multicast_interface(inet_sock& sk, const void* value, uint32_t length) {
    if (sk.type == SOCK_STREAM) {
        return lib::error{EINVAL};
    }
    uint32_t address = 0;
    unsigned index = 0;
    if (length >= sizeof(ip_mreq)) {
        const ip_mreqn request = TRY(read_membership(value, length));
        address = lib::swap_bytes(request.imr_address.s_addr);
        index = static_cast<unsigned>(request.imr_ifindex);
    } else if (length >= sizeof(in_addr)) {
        in_addr given = {};
        memcpy(&given, value, sizeof(given));
        address = lib::swap_bytes(given.s_addr);
    } else {
        return lib::error{EINVAL};
    }
    if (index == 0 && address != 0) {
        const net_device* device = device_with_address(*sk.owner_stack, address);
        if (device == nullptr) {
            return lib::error{EADDRNOTAVAIL};
        }
        index = device->index;
    } else if (index != 0 && sk.owner_stack->find_device(index) == nullptr) {
        return lib::error{ENODEV};
    }
    port::guard held(sk.sock_lock);
    sk.multicast_source = address;
    sk.multicast_device = index;
    return {};
}

template <class T>
lib::result<void> set_ranged(T& field, int value, int lowest, int highest) {
    if (value < lowest || value > highest) {
        return lib::error{EINVAL};
    }
    field = static_cast<T>(value);
    return {};
}

/// Most options take no bytes at all for 0; these do not.
bool needs_a_value(int option) {
    return option == IP_FREEBIND || option == IP_MINTTL || option == IP_MULTICAST_TTL ||
           option == IP_MULTICAST_LOOP || option == IP_MULTICAST_ALL;
}

void set_receive_option(inet_sock& sk, ip_receive_option bit, bool on) {
    sk.receive_options = static_cast<uint8_t>(on ? sk.receive_options | bit : sk.receive_options & ~bit);
}

/// The options that are one switch; nullptr for all others.
bool* switch_of(inet_sock& sk, int option) {
    switch (option) {
    case IP_MULTICAST_LOOP:
        return &sk.multicast_loop;
    case IP_RECVERR:
        return &sk.receive_error;
    case IP_FREEBIND:
        return &sk.free_bind;
    case IP_BIND_ADDRESS_NO_PORT:
        return &sk.bind_without_port;
    default:
        return nullptr;
    }
}

/// The options that ask for ancillary data; 0 for all others.
uint8_t receive_bit(int option) {
    switch (option) {
    case IP_PKTINFO:
        return receive_packet_info;
    case IP_RECVTTL:
        return receive_ttl;
    case IP_RECVTOS:
        return receive_tos;
    case IP_RECVORIGDSTADDR:
        return receive_original_destination;
    default:
        return 0;
    }
}

/// sock_lock held.
lib::result<void> set_number(inet_sock& sk, int option, int value) {
    if (option == IP_MULTICAST_ALL && (value < 0 || value > 1)) {
        return lib::error{EINVAL};
    }
    if (bool* on = switch_of(sk, option); on != nullptr) {
        *on = value != 0;
        if (option == IP_RECVERR && value == 0) {
            sk.error_queue.clear();
        }
        return {};
    }
    if (const uint8_t bit = receive_bit(option); bit != 0) {
        set_receive_option(sk, static_cast<ip_receive_option>(bit), value != 0);
        return {};
    }
    switch (option) {
    case IP_TTL:
        if (value == -1) {
            sk.ttl = -1;
            return {};
        }
        return set_ranged(sk.ttl, value, 1, 255);
    case IP_TOS:
        // The two lowest bits belong to TCP's congestion notification (RFC 3168 §5).
        sk.tos = sk.type == SOCK_STREAM ? static_cast<uint8_t>((value & ~3) | (sk.tos & 3))
                                        : static_cast<uint8_t>(value);
        return {};
    case IP_MINTTL: {
        uint8_t lowest = 0;
        TRY(set_ranged(lowest, value, 0, 255));
        sk.minimum_ttl = lowest;
        return {};
    }
    case IP_MULTICAST_TTL:
        if (sk.type == SOCK_STREAM) {
            return lib::error{EINVAL};
        }
        return set_ranged(sk.multicast_ttl, value == -1 ? 1 : value, 0, 255);
    case IP_MTU_DISCOVER:
        return set_ranged(sk.mtu_discovery, value, IP_PMTUDISC_DONT, IP_PMTUDISC_PROBE);
    case IP_HDRINCL:
        if (sk.type != SOCK_RAW) {
            return lib::error{ENOPROTOOPT};
        }
        sk.header_included = value != 0;
        return {};
    case IP_MULTICAST_ALL:
        sk.multicast_all = value != 0;
        return {};
    default:
        return lib::error{ENOPROTOOPT};
    }
}

/// sock_lock held.
lib::result<int> get_number(inet_sock& sk, int option) {
    if (const bool* on = switch_of(sk, option); on != nullptr) {
        return *on ? 1 : 0;
    }
    if (const uint8_t bit = receive_bit(option); bit != 0) {
        return (sk.receive_options & bit) != 0 ? 1 : 0;
    }
    switch (option) {
    case IP_TTL:
        return sk.ttl >= 0 ? int{sk.ttl} : int{sk.owner_stack->settings.ip_default_ttl};
    case IP_TOS:
        return int{sk.tos};
    case IP_MINTTL:
        return int{sk.minimum_ttl};
    case IP_MULTICAST_TTL:
        return int{sk.multicast_ttl};
    case IP_MTU_DISCOVER:
        return int{sk.mtu_discovery};
    case IP_HDRINCL:
        return sk.header_included ? 1 : 0;
    case IP_MULTICAST_ALL:
        return sk.multicast_all ? 1 : 0;
    case IP_MTU: {
        if (sk.remote_address == 0) {
            return lib::error{ENOTCONN};
        }
        const route_entry* route = TRY(inet_route(sk, sk.remote_address));
        return static_cast<int>(route->mtu);
    }
    default:
        return lib::error{ENOPROTOOPT};
    }
}

} // namespace

lib::result<void> ip_setsockopt(inet_sock& sk, int option, const void* value, uint32_t length) {
    if (length == 0 && needs_a_value(option)) {
        return lib::error{EINVAL};
    }
    switch (option) {
    case IP_ADD_MEMBERSHIP:
    case IP_DROP_MEMBERSHIP:
        return change_membership(sk, option, value, length);
    case IP_MULTICAST_IF:
        return set_multicast_interface(sk, value, length);
    case IP_OPTIONS:
        // Options in sent headers are refused (RFC 7126 §4: routers drop them); none is always fine.
        return length == 0 ? lib::result<void>() : lib::error{EPERM};
    default: {
        const int number = read_number(value, length);
        port::guard held(sk.sock_lock);
        return set_number(sk, option, number);
    }
    }
}

lib::result<void> ip_getsockopt(inet_sock& sk, int option, void* value, uint32_t* length) {
    port::guard held(sk.sock_lock);
    if (option == IP_OPTIONS) {
        *length = 0;
        return {};
    }
    if (option == IP_MULTICAST_IF) {
        const in_addr address = {.s_addr = lib::swap_bytes(sk.multicast_source)};
        *length = *length < sizeof(address) ? *length : static_cast<uint32_t>(sizeof(address));
        memcpy(value, &address, *length);
        return {};
    }
    const int number = TRY(get_number(sk, option));
    // A caller with room for less than an int gets a byte, as on Linux.
    if (*length < sizeof(int) && *length > 0 && number >= 0 && number <= 255) {
        *length = 1;
        *static_cast<uint8_t*>(value) = static_cast<uint8_t>(number);
        return {};
    }
    *length = *length < sizeof(number) ? *length : static_cast<uint32_t>(sizeof(number));
    memcpy(value, &number, *length);
    return {};
}

} // namespace net
