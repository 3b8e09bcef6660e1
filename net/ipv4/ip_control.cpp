// What recvmsg tells besides the bytes: ancillary data of received packets, and the error queue (IP_RECVERR).

#include "kernel/abi/errno.h"
#include "kernel/abi/inet.h"
#include "kernel/abi/time.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/string.hpp"
#include "net/core/protocols.hpp"
#include "net/ipv4/inet_sock.hpp"
#include "net/stack.hpp"
#include "net/wire/ipv4.hpp"

namespace net {
namespace {

in_addr to_in_addr(uint32_t address) {
    return {.s_addr = lib::swap_bytes(address)};
}

void append_timestamp(const sock& sk, const sk_buff& skb, message& msg) {
    if (!sk.timestamp) {
        return;
    }
    const port::time_ns wall = port::wall_clock() - (port::now() - skb.received_at);
    timeval stamp = {};
    stamp.tv_sec = static_cast<decltype(stamp.tv_sec)>(wall / port::second);
    stamp.tv_usec = static_cast<decltype(stamp.tv_usec)>(wall % port::second / port::microsecond);
    msg.control.append(SOL_SOCKET, SCM_TIMESTAMP, &stamp, sizeof(stamp), &msg.flags);
}

/// The destination if it is ours, and of what came to many the address of the interface that it came in by:
/// what servers of DHCP or mDNS answer from (Linux: fib_compute_spec_dst).
uint32_t address_to_answer_from(stack& in, const ip_skb_notes& notes) {
    if (is_local_address(in, notes.destination)) {
        return notes.destination;
    }
    const net_device* device = in.find_device(notes.device_index);
    if (device == nullptr) {
        return 0;
    }
    const lib::result<interface_address> own = find_interface_address(in, *device, notes.source);
    return own.ok() ? own.value().address : 0;
}

} // namespace

void ip_append_control(const inet_sock& sk, const sk_buff& skb, message& msg) {
    append_timestamp(sk, skb, msg);
    const ip_skb_notes& notes = skb.ip;
    if ((sk.receive_options & receive_packet_info) != 0) {
        in_pktinfo info = {};
        info.ipi_ifindex = notes.device_index;
        info.ipi_addr = to_in_addr(notes.destination);
        info.ipi_spec_dst = to_in_addr(address_to_answer_from(*sk.owner_stack, notes));
        msg.control.append(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info), &msg.flags);
    }
    if ((sk.receive_options & receive_ttl) != 0) {
        const int ttl = notes.ttl;
        msg.control.append(IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl), &msg.flags);
    }
    if ((sk.receive_options & receive_tos) != 0) {
        msg.control.append(IPPROTO_IP, IP_TOS, &notes.tos, sizeof(notes.tos), &msg.flags);
    }
    if ((sk.receive_options & receive_original_destination) != 0) {
        sockaddr_in original = {};
        original.sin_family = AF_INET;
        original.sin_port = lib::swap_bytes(notes.destination_port);
        original.sin_addr = to_in_addr(notes.destination);
        msg.control.append(IPPROTO_IP, IP_RECVORIGDSTADDR, &original, sizeof(original), &msg.flags);
    }
}

void ip_queue_error(inet_sock& sk, const sk_buff& quoted, const icmp_error& what, uint16_t remote_port) {
    if (!sk.receive_error) {
        return;
    }
    skb_ptr copy = copy_skb(quoted, 0);
    if (!copy || sk.error_queue.bytes() + copy->length() > sk.receive_buffer_limit) {
        return;
    }
    const auto& header = *reinterpret_cast<const wire::ipv4_header*>(quoted.data);
    copy->ip = {.source = what.offender,
                .destination = header.destination,
                .source_port = 0,
                .destination_port = remote_port,
                .ttl = header.ttl,
                .tos = header.tos,
                .device_index = 0,
                .error = {.ee_errno = static_cast<uint32_t>(what.error_number),
                          .ee_origin = SO_EE_ORIGIN_ICMP,
                          .ee_type = what.type,
                          .ee_code = what.code,
                          .ee_pad = 0,
                          .ee_info = what.info,
                          .ee_data = 0}};
    // The user gets the payload of the packet that failed: for UDP what is behind its header, for ping, raw
    // and TCP sockets what is behind IP's, as in Linux.
    const auto headers = static_cast<uint32_t>(quoted.transport_header - quoted.data) +
                         (header.protocol == IPPROTO_UDP ? 8 : 0);
    copy->consume_front(headers < copy->length() ? headers : copy->length());
    sk.error_queue.push_back(std::move(copy));
    sk.error_report(sk);
}

lib::result<size_t> ip_receive_error(inet_sock& sk, message& msg) {
    skb_ptr skb;
    {
        port::guard held(sk.sock_lock);
        skb = sk.error_queue.pop_front();
        if (!skb) {
            return lib::error{EAGAIN};
        }
        // The error that is now told need not be told again by SO_ERROR, unless another one waits.
        const sk_buff* next = sk.error_queue.front();
        sk.pending_error = next != nullptr ? static_cast<int>(next->ip.error.ee_errno) : 0;
    }
    const size_t wanted = msg.payload.remaining();
    const size_t length = skb->length() < wanted ? skb->length() : wanted;
    TRY(msg.payload.copy_to(*skb, 0, length));
    if (length < skb->length()) {
        msg.flags |= MSG_TRUNC;
    }
    msg.flags |= MSG_ERRQUEUE;
    if (msg.address != nullptr) {
        fill_inet_address(*msg.address, {.address = skb->ip.destination, .port = skb->ip.destination_port});
    }
    struct {
        sock_extended_err error;
        sockaddr_in offender;
    } data = {};
    data.error = skb->ip.error;
    data.offender.sin_family = AF_INET;
    data.offender.sin_addr = to_in_addr(skb->ip.source);
    msg.control.append(IPPROTO_IP, IP_RECVERR, &data, sizeof(data), &msg.flags);
    return length;
}

} // namespace net
