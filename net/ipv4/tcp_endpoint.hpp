#pragma once
// The part of a connection, and of what TIME_WAIT keeps of one, that the table of connections sees.

#include "kernel/lib/list.hpp"

#include <cstdint>

namespace net {

/// A connection as this host sees it; addresses and ports in host order.
struct tcp_key {
    uint32_t local_address = 0;
    uint32_t remote_address = 0;
    uint16_t local_port = 0;
    uint16_t remote_port = 0;

    bool operator==(const tcp_key&) const = default;
};

enum class tcp_endpoint_kind : uint8_t { connection, time_wait };

struct tcp_endpoint {
    explicit tcp_endpoint(tcp_endpoint_kind what) : kind(what) {}

    const tcp_endpoint_kind kind;
    tcp_key key;
    lib::list_link link;
};

} // namespace net
