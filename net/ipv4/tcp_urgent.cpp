#include "net/ipv4/tcp_input.hpp"

// Urgent data (RFC 9293 §3.8.5, RFC 6093): the pointer marks one place in the stream. By BSD's and Linux's
// reading it points behind the urgent byte. That byte is set aside for recv(MSG_OOB) unless SO_OOBINLINE asks
// for it in the stream, a reader stops in front of the mark, and the owner of the socket gets SIGURG. The
// pointer is nothing but a sequence number that is compared; it is never used as a length (CVE-2019-12255,
// CVE-2020-17437).

#include "kernel/abi/signal.h"
#include "net/core/socket.hpp"
#include "net/port.hpp"

namespace net {

namespace {

void announce(tcp_sock& sk, wire::seq at) {
    if (sk.user_socket != nullptr && sk.user_socket->owner.id != 0) {
        port::signal_owner(sk.user_socket->owner, SIGURG);
    }
    // A mark that the user has not read yet and that is now superseded: its byte becomes ordinary data.
    if (sk.urgent_seq == sk.copied_seq && sk.urgent_state != tcp_sock::urgent::none &&
        !sk.out_of_band_inline && sk.copied_seq != sk.rcv_nxt) {
        sk.copied_seq += 1;
    }
    sk.urgent_state = tcp_sock::urgent::awaited;
    sk.urgent_seq = at;
    sk.prediction = false;
}

} // namespace

void tcp_check_urgent(tcp_sock& sk, const sk_buff& skb) {
    if ((skb.tcp.flags & wire::tcp_urg) != 0) {
        const auto& header = *reinterpret_cast<const wire::tcp_header*>(skb.transport_header);
        const uint32_t pointer = header.urgent_pointer;
        // Zero points before the segment: such a mark cannot be placed.
        const wire::seq at = skb.tcp.seq + pointer - 1;
        const bool newer = sk.urgent_state == tcp_sock::urgent::none || at > sk.urgent_seq;
        if (pointer != 0 && at >= sk.copied_seq && at >= sk.rcv_nxt && newer) {
            announce(sk, at);
        }
    }
    if (sk.urgent_state == tcp_sock::urgent::awaited && sk.urgent_seq >= skb.tcp.seq) {
        const auto offset = static_cast<uint32_t>(sk.urgent_seq - skb.tcp.seq);
        if (offset < skb.length()) {
            skb.copy_bits(offset, &sk.urgent_byte, 1);
            sk.urgent_state = tcp_sock::urgent::valid;
            sk.data_ready(sk);
        }
    }
}

} // namespace net
