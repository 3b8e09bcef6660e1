// /proc/net/{arp,route,udp,raw,icmp,sockstat}. Programs read these by columns, so widths and padding are
// Linux's. Addresses are printed as the machine sees the bytes of the wire.

#include "net/ipv4/inet_report.hpp"

#include "kernel/abi/netdevice.h"
#include "kernel/lib/byte_order.hpp"
#include "kernel/lib/format.hpp"
#include "net/ipv4/arp_table.hpp"
#include "net/ipv4/ip_fragment.hpp"
#include "net/ipv4/ports_table.hpp"
#include "net/ipv4/raw_table.hpp"
#include "net/ipv4/route_table.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "net/stack.hpp"

namespace net {
namespace {

uint32_t as_wire(uint32_t address) {
    return lib::swap_bytes(address);
}

unsigned arp_flags(neighbour_state state) {
    switch (state) {
    case neighbour_state::permanent:
        return ATF_COM | ATF_PERM;
    case neighbour_state::incomplete:
    case neighbour_state::failed:
        return 0;
    default:
        return ATF_COM;
    }
}

unsigned route_flags(const route& entry) {
    unsigned flags = entry.key.reject ? RTF_REJECT : RTF_UP;
    flags |= entry.key.gateway != 0 ? RTF_GATEWAY : 0u;
    flags |= entry.key.netmask == 0xffffffff ? RTF_HOST : 0u;
    return flags;
}

constexpr char sock_header[] =
    "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref "
    "pointer drops";

/// One datagram sock as a line of 127 characters. State 7 means unconnected, 1 connected.
void print_sock(report_writer& to, inet_sock& sk, unsigned slot) {
    char line[160];
    port::guard held(sk.sock_lock);
    const uint64_t inode = sk.user_socket != nullptr ? sk.user_socket->inode : 0;
    lib::format(line, sizeof(line),
                "%5u: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %lu %u %016lx %u", slot,
                as_wire(sk.local_address), uint16_t{sk.local_port}, as_wire(sk.remote_address),
                uint16_t{sk.remote_port}, sk.remote_address != 0 ? 1u : 7u,
                __atomic_load_n(&sk.send_memory, __ATOMIC_RELAXED), sk.receive_memory, 0u, uint64_t{0}, 0u,
                sk.owner_uid, 0, inode, sk.count(), sk.id, sk.dropped);
    to.print("%-127s\n", line);
}

/// Prints the socks of a list that the lock guards. A sock is printed under its own lock, which comes before
/// that of the list: so some are collected at a time, with references, and printed without it.
template <class List, class Slot>
void print_list(report_writer& to, port::lock& lock, List& socks, Slot slot_of) {
    constexpr unsigned at_once = 64;
    unsigned printed = 0;
    for (unsigned count = at_once; count == at_once; printed += count) {
        lib::ref<inet_sock> some[at_once];
        count = 0;
        {
            port::guard held(lock);
            unsigned position = 0;
            for (inet_sock& sk : socks) {
                if (position++ >= printed && count < at_once && sk.get_unless_dying()) {
                    some[count++] = lib::ref<inet_sock>::adopt(&sk);
                }
            }
        }
        for (unsigned i = 0; i < count; i++) {
            print_sock(to, *some[i], slot_of(*some[i]));
        }
    }
}

void print_port_space(stack& in, report_writer& to, port_space space) {
    to.print("%-127s\n", sock_header);
    inet_port_table& table = (*in.ports)[space];
    for (unsigned slot = 0; slot < inet_port_table::bucket_count; slot++) {
        print_list(to, table.lock, table.buckets[slot].socks, [&](const inet_sock&) { return slot; });
    }
}

unsigned sock_count(stack& in, port_space space) {
    inet_port_table& table = (*in.ports)[space];
    port::guard held(table.lock);
    return table.sock_count;
}

} // namespace

void report_arp(stack& in, report_writer& to) {
    to.print("IP address       HW type     Flags       HW address            Mask     Device\n");
    port::guard held(in.arp->lock);
    for (const neighbour& entry : in.arp->ages) {
        const uint32_t ip = entry.address;
        const uint8_t* mac = entry.mac;
        char address[16];
        char hardware[18];
        lib::format(address, sizeof(address), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
                    ip & 255);
        lib::format(hardware, sizeof(hardware), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
                    mac[3], mac[4], mac[5]);
        to.print("%-16s 0x%-10x0x%-10x%-17s     *        %s\n", address, unsigned{ARPHRD_ETHER},
                 arp_flags(entry.state), hardware, entry.device->name);
    }
}

void report_route(stack& in, report_writer& to) {
    to.print("%-127s\n",
             "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
    port::guard held(in.routes->lock);
    for (const route& entry : in.routes->routes_in_use()) {
        char line[160];
        lib::format(line, sizeof(line), "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%d\t%u\t%u",
                    entry.key.reject ? "*" : entry.key.device->name, as_wire(entry.key.destination),
                    as_wire(entry.key.gateway), route_flags(entry), 0, 0u, entry.key.metric,
                    as_wire(entry.key.netmask), 0, 0u, 0u);
        to.print("%-127s\n", line);
    }
}

void report_udp(stack& in, report_writer& to) {
    print_port_space(in, to, port_space::udp);
}

void report_icmp(stack& in, report_writer& to) {
    print_port_space(in, to, port_space::ping);
}

void report_raw(stack& in, report_writer& to) {
    to.print("%-127s\n", sock_header);
    print_list(to, in.raw->lock, in.raw->socks, [](const inet_sock& sk) { return unsigned{sk.protocol}; });
}

void report_sockstat(stack& in, report_writer& to) {
    const reassembly_usage fragments = ip_reassembly_usage(in);
    to.print("sockets: used %lu\n", __atomic_load_n(&in.live_socks, __ATOMIC_RELAXED));
    tcp_table& tcp = *in.tcp;
    unsigned connections = 0;
    unsigned remains = 0;
    {
        port::guard held(tcp.lock);
        connections = tcp.connection_count;
        remains = tcp.time_wait_count;
    }
    to.print("TCP: inuse %u orphan %u tw %u alloc %u mem %lu\n", sock_count(in, port_space::tcp),
             __atomic_load_n(&tcp.orphan_count, __ATOMIC_RELAXED), remains, connections,
             __atomic_load_n(&in.skb_bytes, __ATOMIC_RELAXED) / 4096);
    to.print("UDP: inuse %u mem 0\n", sock_count(in, port_space::udp));
    to.print("UDPLITE: inuse 0\n");
    to.print("RAW: inuse %u\n", __atomic_load_n(&in.raw->count, __ATOMIC_RELAXED));
    to.print("FRAG: inuse %u memory %u\n", fragments.datagrams, fragments.bytes);
}

} // namespace net
