#include "net/ipv4/tcp_reply.hpp"

// Replies without a connection. They are built from what the cause says alone, so they cost no state. A reset
// is never sent in answer to a reset (two hosts would do it for ever), and the rate is limited, so that a
// flood of forged segments does not make this host flood a third one.

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "net/core/snmp.hpp"
#include "net/ipv4/ip_output.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

namespace net {

namespace {

constexpr uint32_t resets_per_second = 200;

bool may_send_reset(stack& in) {
    tcp_table& table = *in.tcp;
    port::guard hold(table.lock);
    const port::time_ns second = port::now() / port::second + 1;
    if (table.reset_second != second) {
        table.reset_second = second;
        table.reset_tokens = resets_per_second;
    }
    if (table.reset_tokens == 0) {
        return false;
    }
    table.reset_tokens--;
    return true;
}

} // namespace

tcp_key tcp_key_of(const sk_buff& received) {
    const auto& ip = *reinterpret_cast<const wire::ipv4_header*>(received.network_header);
    const auto& tcp = *reinterpret_cast<const wire::tcp_header*>(received.transport_header);
    return {ip.destination, ip.source, tcp.destination_port, tcp.source_port};
}

lib::result<void> tcp_send_reply(stack& in, const tcp_reply& reply) {
    const uint32_t header_bytes = sizeof(wire::tcp_header) + wire::tcp_options_bytes(reply.options);
    skb_ptr packet = allocate_skb(in, max_header_bytes, 0);
    if (!packet) {
        return lib::error{ENOMEM};
    }
    auto& header = *reinterpret_cast<wire::tcp_header*>(packet->push(header_bytes));
    packet->transport_header = packet->data;
    header.source_port = reply.key.local_port;
    header.destination_port = reply.key.remote_port;
    header.sequence = reply.seq.value;
    header.acknowledgment = reply.ack.value;
    header.set_header_bytes(header_bytes);
    header.flags = reply.flags;
    header.window = reply.window;
    header.checksum = 0;
    header.urgent_pointer = 0;
    wire::write_tcp_options(reinterpret_cast<uint8_t*>(&header + 1), reply.options);
    inet_prepare_checksum(*packet, reply.key.local_address, reply.key.remote_address, IPPROTO_TCP,
                          __builtin_offsetof(wire::tcp_header, checksum));
    count(in, mib::tcp_out_segments);
    trace(in, trace_event::tcp_transmit,
          {.skb = packet->id, .value = {reply.seq.value, reply.ack.value, reply.flags, 0}});
    const ip_parameters how = {.protocol = IPPROTO_TCP,
                               .ttl = reply.ttl,
                               .tos = reply.tos,
                               .dont_fragment = true,
                               .loop_back = true};
    return ip_send_to(in, std::move(packet), reply.key.local_address, reply.key.remote_address, how);
}

void tcp_send_reset(stack& in, const sk_buff& cause) {
    if ((cause.tcp.flags & wire::tcp_rst) != 0 || cause.packet_type != sk_buff::addressed_to::host ||
        !may_send_reset(in)) {
        return;
    }
    tcp_reply reply;
    reply.key = tcp_key_of(cause);
    if ((cause.tcp.flags & wire::tcp_ack) != 0) {
        reply.seq = cause.tcp.ack;
        reply.flags = wire::tcp_rst;
    } else {
        reply.ack = cause.tcp.end_seq;
        reply.flags = wire::tcp_rst | wire::tcp_ack;
    }
    count(in, mib::tcp_out_resets);
    (void)tcp_send_reply(in, reply);
}

} // namespace net
