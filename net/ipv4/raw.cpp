// Raw sockets. A received packet is given to every raw socket of its protocol as a copy with its IP header;
// a packet sent gets a header here, unless the user writes it (IP_HDRINCL).

#include "net/ipv4/raw.hpp"

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/lib/string.hpp"
#include "net/core/drop.hpp"
#include "net/core/snmp.hpp"
#include "net/ipv4/af_inet.hpp"
#include "net/ipv4/datagram.hpp"
#include "net/ipv4/icmp.hpp"
#include "net/ipv4/raw_table.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

#include <new>

namespace net {
namespace {

raw_sock& raw(sock& sk) {
    return static_cast<raw_sock&>(sk);
}

/// Whether a packet (or, with the ends exchanged, the quote of one) is for this sock.
bool fits(const raw_sock& sk, uint8_t protocol, uint32_t local, uint32_t remote, unsigned device) {
    return sk.protocol == protocol && (sk.local_address == 0 || sk.local_address == local) &&
           (sk.remote_address == 0 || sk.remote_address == remote) &&
           (sk.bound_device == 0 || sk.bound_device == device);
}

/// ICMP_FILTER: a set bit keeps the type away.
bool is_filtered(const raw_sock& sk, const sk_buff& skb, uint32_t header_bytes) {
    if (sk.protocol != IPPROTO_ICMP || skb.length() <= header_bytes) {
        return false;
    }
    uint8_t type = 0;
    skb.copy_bits(header_bytes, &type, 1);
    return type < 32 && (sk.blocked_icmp_types >> type & 1) != 0;
}

// ---- sending ---------------------------------------------------------------------------------------------

lib::result<void> send_with_own_header(raw_sock& sk, skb_ptr skb, route_entry& route) {
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(skb->data);
    if (skb->length() < sizeof(header) || header.version() != 4 || header.header_length() < sizeof(header) ||
        header.header_length() > skb->length()) {
        return lib::error{EINVAL};
    }
    return ip_send_raw(*sk.owner_stack, std::move(skb), route);
}

lib::result<size_t> raw_sendmsg(sock& base, message& msg) {
    raw_sock& sk = raw(base);
    stack& in = *sk.owner_stack;
    const size_t length = msg.payload.remaining();
    if (length > wire::ipv4_max_length) {
        return lib::error{EMSGSIZE};
    }
    const datagram_target target = TRY(datagram_parse_target(sk, msg));
    skb_ptr skb = TRY(datagram_from_user(sk, msg, 0));
    port::guard held(sk.sock_lock);
    sock_charge_send(sk, *skb);
    route_entry own;
    route_entry* route = TRY(datagram_route(sk, target, own));
    if (sk.header_included) {
        TRY(send_with_own_header(sk, std::move(skb), *route));
        return length;
    }
    if (sk.protocol == IPPROTO_ICMP && length != 0) {
        icmp_count_out(in, *skb->data);
    }
    skb->transport_header = skb->data;
    const ip_parameters how = datagram_parameters(sk, target, *route, skb->length());
    TRY(ip_send(in, std::move(skb), *route, how));
    return length;
}

lib::result<size_t> raw_recvmsg(sock& base, message& msg) {
    raw_sock& sk = raw(base);
    if ((msg.flags & MSG_ERRQUEUE) != 0) {
        return ip_receive_error(sk, msg);
    }
    const skb_ptr skb = TRY(sock_receive_datagram(sk, msg));
    if (!skb) {
        return size_t{0};
    }
    return datagram_to_user(sk, *skb, msg);
}

// ---- the rest --------------------------------------------------------------------------------------------

lib::result<void> raw_bind(sock& base, const socket_address& address) {
    raw_sock& sk = raw(base);
    const inet_endpoint wanted = TRY(parse_inet_address(address));
    if (wanted.address != 0 &&
        classify_destination(*sk.owner_stack, wanted.address, nullptr) == route_type::unicast) {
        return lib::error{EADDRNOTAVAIL};
    }
    port::guard held(sk.sock_lock);
    inet_set_address(sk, wanted.address);
    return {};
}

lib::result<void> raw_setsockopt(sock& base, int level, int option, const void* value, uint32_t length) {
    raw_sock& sk = raw(base);
    if (level != SOL_RAW) {
        return datagram_setsockopt(base, level, option, value, length);
    }
    if (option != ICMP_FILTER || sk.protocol != IPPROTO_ICMP) {
        return lib::error{ENOPROTOOPT};
    }
    icmp_filter filter = {};
    memcpy(&filter, value, length < sizeof(filter) ? length : sizeof(filter));
    port::guard held(sk.sock_lock);
    sk.blocked_icmp_types = filter.data;
    return {};
}

lib::result<void> raw_getsockopt(sock& base, int level, int option, void* value, uint32_t* length) {
    raw_sock& sk = raw(base);
    if (level != SOL_RAW) {
        return datagram_getsockopt(base, level, option, value, length);
    }
    if (option != ICMP_FILTER || sk.protocol != IPPROTO_ICMP) {
        return lib::error{ENOPROTOOPT};
    }
    const icmp_filter filter = {.data = sk.blocked_icmp_types};
    *length = *length < sizeof(filter) ? *length : static_cast<uint32_t>(sizeof(filter));
    memcpy(value, &filter, *length);
    return {};
}

lib::result<sock*> raw_create(stack& in, int protocol) {
    sock* base = TRY(create_inet_sock<raw_sock>(in, raw_prot, SOCK_RAW, protocol));
    raw_sock& sk = raw(*base);
    sk.header_included = protocol == IPPROTO_RAW;
    sk.local_port = static_cast<uint16_t>(protocol); // what getsockname and /proc/net/raw show
    raw_table& table = *in.raw;
    port::guard held(table.lock);
    table.socks.push_back(sk);
    __atomic_fetch_add(&table.count, 1, __ATOMIC_RELEASE);
    return base;
}

void raw_close(sock& base) {
    raw_sock& sk = raw(base);
    {
        raw_table& table = *sk.owner_stack->raw;
        port::guard held(table.lock);
        table.socks.remove(sk);
        __atomic_fetch_sub(&table.count, 1, __ATOMIC_RELEASE);
    }
    datagram_close(base);
}

} // namespace

bool raw_deliver(stack& in, const sk_buff& skb) {
    if (__atomic_load_n(&in.raw->count, __ATOMIC_ACQUIRE) == 0) {
        return false; // the usual case, and every packet comes by here
    }
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(skb.data);
    const auto wants = [&](const raw_sock& sk) {
        return fits(sk, header.protocol, header.destination, header.source, skb.device->index);
    };
    const auto give = [&](inet_sock& sk) {
        if (is_filtered(raw(sk), skb, header.header_length())) {
            return;
        }
        if (skb_ptr copy = clone_skb(skb, 0)) {
            datagram_deliver(sk, std::move(copy));
        } else {
            count_drop(in, drop_reason::no_memory);
        }
    };
    return give_to_each(*in.raw, in.raw->socks, wants, give) != 0;
}

void raw_error(stack& in, const sk_buff& quoted, const icmp_error& what) {
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(quoted.data);
    const auto wants = [&](const raw_sock& sk) {
        return fits(sk, header.protocol, header.source, header.destination, quoted.device->index);
    };
    give_to_each(*in.raw, in.raw->socks, wants, [&](inet_sock& sk) { datagram_error(sk, quoted, what, 0); });
}

constexpr proto raw_prot = {
    .name = "RAW",
    .create = raw_create,
    .destroy = destroy_inet_sock<raw_sock>,
    .close = raw_close,
    .bind = raw_bind,
    .connect = datagram_connect,
    .disconnect = datagram_disconnect,
    .listen = nullptr,
    .accept = nullptr,
    .shutdown = datagram_shutdown,
    .poll = datagram_poll,
    .ioctl = datagram_ioctl,
    .setsockopt = raw_setsockopt,
    .getsockopt = raw_getsockopt,
    .sendmsg = raw_sendmsg,
    .recvmsg = raw_recvmsg,
};

lib::result<raw_table*> create_raw_table() {
    void* memory = port::allocate(sizeof(raw_table), port::memory_tag::table);
    if (memory == nullptr) {
        return lib::error{ENOMEM};
    }
    return new (memory) raw_table;
}

void destroy_raw_table(raw_table* table) {
    table->~raw_table();
    port::release(table);
}

} // namespace net
