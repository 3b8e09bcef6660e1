#include "net/ipv4/tcp.hpp"

// /proc/net/tcp, in Linux's format, which netstat and ss parse: addresses as the machine word that holds them
// in network order, ports and states in hexadecimal, times in hundredths of a second. Fields that make no
// sense here are 0.

#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/minmax.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/ipv4/tcp_verbs.hpp"
#include "net/stack.hpp"

namespace net {

namespace {

constexpr port::time_ns tick = port::second / 100;

struct line {
    uint32_t local_address = 0;
    uint16_t local_port = 0;
    uint32_t remote_address = 0;
    uint16_t remote_port = 0;
    tcp_state state = tcp_state::closed;
    uint32_t send_queue = 0;
    uint32_t receive_queue = 0;
    unsigned timer = 0; ///< 0 none, 1 retransmission, 2 keepalive, 3 TIME_WAIT, 4 window probe
    port::time_ns expires = 0;
    unsigned retransmits = 0;
    uint32_t uid = 0;
    unsigned probes = 0;
    uint64_t inode = 0;
    unsigned references = 1;
};

struct writer {
    report_writer* to;
    unsigned number;
};

void print(writer& out, const line& row) {
    const port::time_ns now = port::now();
    const auto when = static_cast<unsigned>(row.expires > now ? (row.expires - now) / tick : 0);
    out.to->print("%4u: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08X %08X %5u %8u %u %u 0000000000000000\n",
                  out.number++, lib::swap_bytes(row.local_address), row.local_port,
                  lib::swap_bytes(row.remote_address), row.remote_port, static_cast<unsigned>(row.state),
                  row.send_queue, row.receive_queue, row.timer, row.timer != 0 ? when : 0, row.retransmits,
                  row.uid, row.probes, static_cast<unsigned>(row.inode), row.references);
}

void timer_of(const tcp_sock& sk, line& row) {
    if (sk.timer_purpose == tcp_timer_purpose::retransmit) {
        row.timer = 1;
        row.expires = sk.retransmit_deadline;
    } else if (sk.timer_purpose == tcp_timer_purpose::probe_window) {
        row.timer = 4;
        row.expires = sk.retransmit_deadline;
    } else if (const port::time_ns due = sk.keepalive_timer.due(); due != port::never) {
        row.timer = 2;
        row.expires = due;
    }
}

void print_request(writer& out, const tcp_sock& listener, const tcp_request& request) {
    line row;
    row.local_address = request.key.local_address;
    row.local_port = request.key.local_port;
    row.remote_address = request.key.remote_address;
    row.remote_port = request.key.remote_port;
    row.state = tcp_state::syn_received;
    row.timer = 1;
    row.expires = request.resend.due();
    row.retransmits = request.timeouts;
    row.uid = listener.owner_uid;
    print(out, row);
}

void print_sock(void* context, tcp_sock& sk) {
    auto& out = *static_cast<writer*>(context);
    port::guard hold(sk.sock_lock);
    if (sk.state == tcp_state::closed) {
        return;
    }
    line row;
    row.local_address = sk.local_address;
    row.local_port = sk.local_port;
    row.remote_address = sk.remote_address;
    row.remote_port = sk.remote_port;
    row.state = sk.state;
    row.uid = sk.owner_uid;
    row.retransmits = sk.retransmits;
    row.probes = sk.probes_out;
    row.inode = sk.user_socket != nullptr ? sk.user_socket->inode : 0;
    row.references = sk.count();
    if (sk.state == tcp_state::listen) {
        row.receive_queue = sk.listener->accept_count;
    } else {
        row.send_queue = static_cast<uint32_t>(sk.write_seq - sk.snd_una);
        row.receive_queue = tcp_readable_bytes(sk);
        timer_of(sk, row);
    }
    print(out, row);
    if (sk.state == tcp_state::listen) {
        for (const auto& bucket : sk.listener->requests) {
            for (const tcp_request& request : bucket) {
                print_request(out, sk, request);
            }
        }
    }
}

void print_remains(void* context, const tcp_time_wait& remains) {
    auto& out = *static_cast<writer*>(context);
    line row;
    row.local_address = remains.endpoint.key.local_address;
    row.local_port = remains.endpoint.key.local_port;
    row.remote_address = remains.endpoint.key.remote_address;
    row.remote_port = remains.endpoint.key.remote_port;
    row.state = remains.substate;
    row.timer = 3;
    row.expires = remains.expiry.due();
    print(out, row);
}

} // namespace

void report_tcp(stack& in, report_writer& to) {
    to.print(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
    writer out = {&to, 0};
    tcp_visit(in, {&out, print_sock, print_remains});
}

} // namespace net
