#pragma once
// AF_INET: the family that makes TCP, UDP, ping and raw sockets. inetsw[] maps (type, protocol) to the table
// of user calls (proto_ops) and the transport (proto).

#include "net/core/sock.hpp"
#include "net/core/socket.hpp"

namespace net {

/// A row of inetsw[].
struct inet_protosw {
    int type;     ///< SOCK_...
    int protocol; ///< IPPROTO_...; IPPROTO_IP accepts any (raw)
    const proto* prot;
    const proto_ops* ops;
    bool privileged;
};

extern const net_proto_family inet_family;
extern const proto_ops inet_stream_ops;
extern const proto_ops inet_dgram_ops;
extern const proto_ops inet_raw_ops;

extern const proto tcp_prot;
extern const proto udp_prot;
extern const proto raw_prot;
extern const proto ping_prot;

/// Puts the network layers of AF_INET into a new stack and makes their tables: ENOMEM.
lib::result<void> inet_init(stack& in);
/// Takes them down again; every sock is gone.
void inet_exit(stack& in);

} // namespace net
