// Every reason of net/core/drop.hpp is provoked here: a table of reasons and of what leads to them, and one
// test for each enumerator. A reason that has no script fails its test, so that none can be added without
// one.

#include "attack/tcp_bed.hpp"
#include "kernel/abi/packet.h"
#include "net/core/dev.hpp"
#include "net/ipv4/datagram.hpp"

#include <functional>

namespace {

using namespace attack;

struct drop_reasons : tcp_bed, testing::WithParamInterface<unsigned> {
    // What the scripts use.
    sim::frame udp(uint16_t to = 9, const std::string& data = "x") {
        return sim::make_udp(from_attacker(), 1000, to, data);
    }
    template <class Change>
    void with_header(Change change) {
        sim::frame packet = udp();
        change(*reinterpret_cast<net::wire::ipv4_header*>(packet.data()));
        sim::fix_ip_checksum(packet);
        attacker->inject_ip(packet);
    }
    void with_options(const std::string& options) {
        sim::ip_fields fields = from_attacker();
        fields.options = options;
        attacker->inject_ip(sim::make_udp(fields, 1000, 9, "x"));
    }
    void piece(unsigned offset, unsigned length, bool more, uint16_t id = 1) {
        sim::ip_fields fields = from_attacker();
        fields.identification = id;
        fields.flags_and_offset = static_cast<uint16_t>(offset / 8 | (more ? 0x2000 : 0));
        attacker->inject_ip(sim::make_ip(fields, sim::frame(length, 'f')));
    }
    void icmp(const sim::frame& message) { attacker->inject_ip(sim::make_ip(from_attacker(1), message)); }
    void send_to(const char* ip, int copies = 1, const std::string& data = "x") {
        world.spawn("sender", [=, this] {
            sim::user_socket socket(*victim, SOCK_DGRAM);
            for (int i = 0; i < copies; i++) {
                socket.send_to(data, address(ip), 9);
            }
        });
        world.run();
    }
    void tcp(const sim::segment& what) { attacker->inject(frame_of(what)); }
    std::unique_ptr<sim::tcp_peer> open() {
        accept_all();
        std::unique_ptr<sim::tcp_peer> peer = make_peer();
        peer->connect();
        return peer;
    }
    void close_window(sim::tcp_peer& peer, bool leave_hole);
};

/// Sends until the victim has no room any more; with a hole in front everything waits out of order.
void drop_reasons::close_window(sim::tcp_peer& peer, bool leave_hole) {
    peer.seq += leave_hole ? 1 : 0;
    for (int i = 0; i < 400; i++) {
        peer.send({.flags = psh_ack, .payload = std::string(1000, 'x')});
        const auto answer = peer.try_next(50 * millisecond);
        if (answer && answer->window == 0) {
            return;
        }
    }
}

using script = std::function<void(drop_reasons&)>;
using scripts = std::map<drop_reason, script>;

scripts link_scripts() {
    return {
        {drop_reason::device_down,
         [](auto& bed) {
             net::dev_close(bed.victim->device());
             bed.attacker->inject_ip(bed.udp());
             ASSERT_TRUE(net::dev_open(bed.victim->device()).ok());
         }},
        {drop_reason::device_queue_full,
         [](auto& bed) {
             bed.victim->card->ring_full = true;
             for (int i = 0; i < 50; i++) {
                 bed.send_to(bed.attacker_address, 25); // each socket below its send buffer
             }
             bed.victim->card->ring_full = false;
             net::netif_wake_queue(bed.victim->device());
         }},
        {drop_reason::device_backlog_full,
         [](auto& bed) {
             bed.world.spawn("sender", [&bed] {
                 std::vector<sim::user_socket> senders;
                 for (int i = 0; i < 5000; i++) {
                     if (i % 50 == 0) {
                         senders.emplace_back(*bed.victim, SOCK_DGRAM);
                     }
                     senders.back().send_to("x", address("127.0.0.1"), 9, MSG_DONTWAIT);
                 }
             });
             bed.world.run();
         }},
        {drop_reason::eth_too_short, [](auto& bed) { bed.attacker->inject(sim::frame(13, 0)); }},
        {drop_reason::eth_bad_source,
         [](auto& bed) {
             bed.attacker->inject(
                 sim::make_ethernet(bed.victim_mac(), net::wire::ethernet_broadcast, ETH_P_IP, bed.udp()));
         }},
        {drop_reason::eth_other_host,
         [](auto& bed) {
             const uint8_t other[6] = {2, 9, 9, 9, 9, 9};
             bed.attacker->inject(sim::make_ethernet(other, bed.attacker->mac, ETH_P_IP, bed.udp()));
         }},
        {drop_reason::eth_unknown_protocol,
         [](auto& bed) {
             bed.attacker->inject(sim::make_ethernet(bed.victim_mac(), bed.attacker->mac, 0x86dd, bed.udp()));
         }},
        {drop_reason::arp_malformed,
         [](auto& bed) {
             auto packet = bed.attacker->arp(net::wire::arp_request, bed.attacker->ip, bed.victim_ip());
             packet.hardware_length = 8;
             bed.attacker->inject_arp(packet);
         }},
        {drop_reason::arp_bad_address,
         [](auto& bed) {
             bed.attacker->inject_arp(
                 bed.attacker->arp(net::wire::arp_request, bed.victim_ip(), bed.victim_ip()));
         }},
        {drop_reason::arp_not_ours,
         [](auto& bed) {
             bed.attacker->inject_arp(
                 bed.attacker->arp(net::wire::arp_request, bed.attacker->ip, address("10.0.0.9")));
         }},
        {drop_reason::arp_rate_limited,
         [](auto& bed) {
             for (int i = 0; i < 200; i++) {
                 bed.flood(arp_frame(*bed.attacker, bed.attacker->arp(net::wire::arp_request,
                                                                      bed.attacker->ip, bed.victim_ip())));
             }
             bed.world.run_for(millisecond);
         }},
        {drop_reason::arp_table_full,
         [](auto& bed) {
             for (int i = 0; i < 70; i++) {
                 bed.send_to(("10.0.3." + std::to_string(i + 1)).c_str());
             }
         }},
        {drop_reason::arp_queue_full, [](auto& bed) { bed.send_to("10.0.3.3", 4); }},
        {drop_reason::arp_unresolved,
         [](auto& bed) {
             bed.send_to("10.0.3.3");
             bed.world.run_for(4 * second);
         }},
    };
}

scripts ip_scripts() {
    return {
        {drop_reason::ip_too_short, [](auto& bed) { bed.attacker->inject_ip(sim::frame(19, 0x45)); }},
        {drop_reason::ip_bad_header,
         [](auto& bed) { bed.with_header([](auto& header) { header.ttl = 0; }); }},
        {drop_reason::ip_bad_checksum,
         [](auto& bed) {
             sim::frame packet = bed.udp();
             packet[10] ^= 1;
             bed.attacker->inject_ip(packet);
         }},
        {drop_reason::ip_bad_options,
         [](auto& bed) { bed.with_options(std::string("\x07\x00\x00\x00", 4)); }},
        {drop_reason::ip_source_route,
         [](auto& bed) { bed.with_options(std::string("\x83\x07\x04\x0a\x00\x00\x09\x00", 8)); }},
        {drop_reason::ip_martian_source,
         [](auto& bed) { bed.with_header([](auto& header) { header.source = address("127.0.0.1"); }); }},
        {drop_reason::ip_martian_destination,
         [](auto& bed) { bed.with_header([](auto& header) { header.destination = address("127.0.0.1"); }); }},
        {drop_reason::ip_not_ours,
         [](auto& bed) { bed.with_header([](auto& header) { header.destination = address("8.8.8.8"); }); }},
        {drop_reason::ip_no_route,
         [](auto& bed) { // an echo request from a host to which no route leads
             sim::ip_fields fields = bed.from_attacker(1);
             fields.source = address("192.0.2.1");
             bed.attacker->inject_ip(sim::make_ip(fields, sim::make_icmp(8, 0, 1, 1, {})));
         }},
        {drop_reason::ip_ttl_exceeded,
         [](auto& bed) { // RFC 5082: the program wants neighbours only
             bed.world.spawn("careful", [&bed] {
                 sim::user_socket socket(*bed.victim, SOCK_DGRAM);
                 socket.bind("0.0.0.0", 9);
                 socket.set_option(IPPROTO_IP, IP_MINTTL, 255);
                 bed.attacker->inject_ip(bed.udp());
             });
             bed.world.run();
         }},
        {drop_reason::ip_too_big,
         [](auto& bed) {
             bed.world.spawn("sender", [&bed] {
                 sim::user_socket socket(*bed.victim, SOCK_DGRAM);
                 socket.set_option(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
                 EXPECT_EQ(socket.send_to(std::string(2000, 'x'), bed.attacker->ip, 9), -EMSGSIZE);
             });
             bed.world.run();
         }},
        {drop_reason::ip_unknown_protocol,
         [](auto& bed) { bed.attacker->inject_ip(sim::make_ip(bed.from_attacker(99), sim::frame(20, 0))); }},
        {drop_reason::ip_fragment_malformed, [](auto& bed) { bed.piece(8, 13, true); }},
        {drop_reason::ip_fragment_overlap,
         [](auto& bed) {
             bed.piece(0, 32, true);
             bed.piece(24, 32, true);
         }},
        {drop_reason::ip_fragment_limit,
         [](auto& bed) {
             for (uint16_t id = 0; id < 20; id++) {
                 bed.piece(8, 8, false, id);
             }
         }},
        {drop_reason::ip_fragment_timeout,
         [](auto& bed) {
             bed.piece(8, 8, true);
             bed.world.run_for(31 * second);
         }},
    };
}

scripts icmp_and_udp_scripts() {
    return {
        {drop_reason::icmp_too_short, [](auto& bed) { bed.icmp(sim::frame(7, 0)); }},
        {drop_reason::icmp_bad_checksum, [](auto& bed) { bed.icmp(sim::frame(8, 1)); }},
        {drop_reason::icmp_broadcast,
         [](auto& bed) {
             sim::ip_fields fields = bed.from_attacker(1);
             fields.destination = address("10.0.255.255");
             bed.attacker->inject_ip(sim::make_ip(fields, sim::make_icmp(8, 0, 1, 1, {})));
         }},
        {drop_reason::icmp_unknown_type, [](auto& bed) { bed.icmp(sim::make_icmp(42, 0, 0, 0, {})); }},
        {drop_reason::icmp_ignored,
         [](auto& bed) { bed.icmp(sim::make_icmp(ICMP_SOURCE_QUENCH, 0, 0, 0, {})); }},
        {drop_reason::icmp_malformed_quote,
         [](auto& bed) { bed.icmp(sim::make_icmp(ICMP_DEST_UNREACH, 0, 0, 0, sim::frame(27, 0))); }},
        {drop_reason::icmp_rate_limited,
         [](auto& bed) {
             for (int i = 0; i < 60; i++) {
                 bed.flood_ip(bed.udp());
             }
             bed.world.run_for(millisecond);
         }},
        {drop_reason::udp_too_short,
         [](auto& bed) { bed.attacker->inject_ip(sim::make_ip(bed.from_attacker(), sim::frame(7, 0))); }},
        {drop_reason::udp_bad_length,
         [](auto& bed) {
             sim::frame packet = bed.udp();
             packet[25] = 7;
             bed.attacker->inject_ip(packet);
         }},
        {drop_reason::udp_bad_checksum,
         [](auto& bed) {
             sim::frame packet = bed.udp();
             packet[28] ^= 1;
             bed.attacker->inject_ip(packet);
         }},
        {drop_reason::udp_no_socket, [](auto& bed) { bed.attacker->inject_ip(bed.udp()); }},
        {drop_reason::socket_receive_full,
         [](auto& bed) {
             bed.world.spawn("sleeper", [&bed] {
                 sim::user_socket socket(*bed.victim, SOCK_DGRAM);
                 socket.bind("0.0.0.0", 9);
                 for (int i = 0; i < 2000; i++) {
                     bed.flood_ip(bed.udp());
                 }
                 bed.world.pass(10 * millisecond);
             });
             bed.world.run();
         }},
        {drop_reason::socket_closed,
         [](auto& bed) {
             bed.world.spawn("deaf", [&bed] {
                 // Closed between the lookup and the delivery.
                 sim::user_socket socket(*bed.victim, SOCK_DGRAM);
                 const auto found = lib::ref<net::sock>::share(socket.get().sk);
                 socket.close();
                 net::datagram_deliver(net::inet(*found), net::allocate_skb(bed.victim->stack(), 0, 1));
             });
             bed.world.run();
         }},
        {drop_reason::no_memory,
         [](auto& bed) {
             bed.world.fail_allocation_after = 1;
             bed.attacker->inject_ip(bed.udp());
             bed.world.fail_allocation_after = 0;
         }},
    };
}

scripts tcp_scripts() {
    return {
        {drop_reason::tcp_too_short,
         [](auto& bed) { bed.attacker->inject_ip(sim::make_ip(bed.from_attacker(6), sim::frame(19, 0))); }},
        {drop_reason::tcp_bad_offset,
         [](auto& bed) { bed.attacker->inject_ip(sim::make_ip(bed.from_attacker(6), sim::frame(20, 0))); }},
        {drop_reason::tcp_bad_checksum,
         [](auto& bed) {
             sim::segment bad = bed.segment_to(81);
             bad.bad_checksum = true;
             bed.tcp(bad);
         }},
        {drop_reason::tcp_not_unicast,
         [](auto& bed) {
             sim::segment syn = bed.segment_to(81);
             syn.destination = address("10.0.255.255");
             bed.tcp(syn);
         }},
        {drop_reason::tcp_no_socket, [](auto& bed) { bed.tcp(bed.segment_to(81)); }},
        {drop_reason::tcp_bad_flags,
         [](auto& bed) {
             bed.accept_all();
             bed.tcp(bed.segment_to(bed.port, 1000, 0));
         }},
        {drop_reason::tcp_out_of_window,
         [](auto& bed) {
             auto peer = bed.open();
             peer->send({.flags = tcp_rst, .seq = peer->seq - 100});
         }},
        {drop_reason::tcp_old_duplicate,
         [](auto& bed) {
             auto peer = bed.open();
             peer->send({.flags = psh_ack, .payload = "again", .seq = peer->seq});
             peer->send({.flags = psh_ack, .payload = "again", .seq = peer->seq});
         }},
        {drop_reason::tcp_bad_ack,
         [](auto& bed) {
             auto peer = bed.open();
             peer->send({.ack = peer->received + 1});
         }},
        {drop_reason::tcp_paws,
         [](auto& bed) {
             bed.accept_all();
             auto peer = bed.make_peer();
             peer->syn_options.has_timestamp = true;
             peer->syn_options.timestamp_value = 1000;
             peer->connect();
             net::wire::tcp_options old;
             old.has_timestamp = true;
             old.timestamp_value = 999;
             peer->send({.flags = psh_ack, .payload = "old", .options = old});
         }},
        {drop_reason::tcp_bad_reset,
         [](auto& bed) {
             auto peer = bed.open();
             peer->send({.flags = tcp_rst, .seq = peer->seq + 1});
         }},
        {drop_reason::tcp_unexpected_syn,
         [](auto& bed) {
             auto peer = bed.open();
             peer->send({.flags = tcp_syn, .seq = peer->seq + 1});
         }},
        {drop_reason::tcp_listen_overflow,
         [](auto& bed) {
             sim::user_socket lazy(*bed.victim, SOCK_STREAM);
             lazy.bind("0.0.0.0", bed.port);
             lazy.listen(0);
             auto first = bed.make_peer(2000);
             first->connect();
             auto second = bed.make_peer(2001);
             second->send({.flags = tcp_syn});
         }},
        {drop_reason::tcp_accept_deferred,
         [](auto& bed) {
             sim::user_socket lazy(*bed.victim, SOCK_STREAM);
             lazy.bind("0.0.0.0", bed.port);
             lazy.set_option(IPPROTO_TCP, TCP_DEFER_ACCEPT, 10);
             lazy.listen(1);
             bed.make_peer()->connect();
         }},
        {drop_reason::tcp_out_of_order_limit,
         [](auto& bed) {
             auto peer = bed.open();
             bed.children.at(0).set_option(SOL_SOCKET, SO_RCVBUF, 1 << 20);
             for (uint32_t i = 0; i < 300; i++) {
                 peer->send({.flags = psh_ack, .payload = "x", .seq = peer->seq + 2 + 2 * i});
             }
         }},
        {drop_reason::tcp_zero_window,
         [](auto& bed) {
             auto peer = bed.open();
             bed.close_window(*peer, false);
             peer->send({.flags = psh_ack, .payload = "too much"});
         }},
        {drop_reason::tcp_after_close,
         [](auto& bed) {
             auto peer = bed.open();
             peer->send({.flags = fin_ack});
             peer->send({.flags = psh_ack, .payload = "after my FIN"});
         }},
        {drop_reason::tcp_time_wait,
         [](auto& bed) {
             auto peer = bed.open();
             bed.children.clear();
             peer->next();
             peer->send({.flags = fin_ack});
             peer->send({.flags = tcp_rst});
         }},
    };
}

scripts all_scripts() {
    scripts all = link_scripts();
    all.merge(ip_scripts());
    all.merge(icmp_and_udp_scripts());
    all.merge(tcp_scripts());
    return all;
}

TEST_P(drop_reasons, provoked) {
    const auto reason = static_cast<drop_reason>(GetParam());
    const scripts all = all_scripts();
    const auto found = all.find(reason);
    ASSERT_NE(found, all.end()) << "no script for " << net::drop_reason_name(reason);
    ASSERT_EQ(drops(reason), 0u);
    found->second(*this);
    world.run_for(millisecond);
    EXPECT_GT(drops(reason), 0u);
    const std::string line = std::string(net::drop_reason_name(reason)) + " ";
    EXPECT_NE(victim->report("drops").find(line), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(every, drop_reasons, testing::Range(0u, static_cast<unsigned>(drop_reason::count)),
                         [](const auto& which) {
                             return std::string(net::drop_reason_name(static_cast<drop_reason>(which.param)));
                         });

} // namespace
