#pragma once
// Where TCP and IPv4 meet (tcp_protocol, declared in tcp.hpp, is the way up).

#include "net/ipv4/tcp.hpp"

namespace net {

/// Starts an active open: route, addresses, port, SYN. ENETUNREACH and what route_output says; EADDRNOTAVAIL:
/// every port is used towards this end; ENOMEM. sock_lock held.
lib::result<void> tcp_v4_connect(tcp_sock& sk, const inet_endpoint& to);
/// Gives the port and the addresses back that connect() chose; what bind() chose stays. sock_lock held.
void tcp_v4_forget_ends(tcp_sock& sk);

} // namespace net
