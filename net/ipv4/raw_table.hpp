#pragma once
// Raw socks and the list of them.

#include "net/ipv4/inet_sock.hpp"

namespace net {

struct raw_sock : inet_sock {
    using inet_sock::inet_sock;

    uint32_t blocked_icmp_types = 0; ///< ICMP_FILTER
    lib::list_link table_link;       ///< guarded by raw_table::lock
};

struct raw_table {
    port::lock lock{port::lock_rank::protocol_table};
    lib::list<raw_sock, &raw_sock::table_link> socks;
    unsigned count = 0;          ///< also read without the lock
    uint64_t shared_packets = 0; ///< see give_to_each()
};

} // namespace net
