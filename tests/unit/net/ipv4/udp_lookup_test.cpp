// Which UDP socket gets a datagram: ports, who may share them, broadcasts and multicast groups (id U5).

#include "net/core/snmp.hpp"
#include "net/ipv4/route.hpp"
#include "udp_host.hpp"

#include <cstring>

namespace {

using namespace net::port;

TEST_F(udp_host, u5_ephemeral_ports_are_spread_evenly) {
    constexpr unsigned classes = 16;
    unsigned seen[classes] = {};
    program([&] {
        for (int i = 0; i < 4000; i++) {
            sim::user_socket socket(host, SOCK_DGRAM);
            ASSERT_EQ(socket.bind("0.0.0.0", 0), 0);
            const uint16_t port = socket.local_port();
            ASSERT_GE(port, 32768);
            ASSERT_LE(port, 60999);
            seen[(port - 32768u) * classes / (61000 - 32768)]++;
        }
    });
    double chi_squared = 0;
    for (unsigned count : seen) {
        chi_squared += (count - 250.0) * (count - 250.0) / 250.0;
    }
    EXPECT_LT(chi_squared, 30.6); // 15 degrees of freedom, p = 0.01
}

TEST_F(udp_host, all_ports_can_be_used_up_and_come_back) {
    program([&] {
        std::vector<std::unique_ptr<sim::user_socket>> sockets;
        for (unsigned i = 32768; i <= 60999; i++) {
            sockets.push_back(std::make_unique<sim::user_socket>(host, SOCK_DGRAM));
            ASSERT_EQ(sockets.back()->bind("0.0.0.0", static_cast<uint16_t>(i)), 0);
        }
        sim::user_socket one_more(host, SOCK_DGRAM);
        EXPECT_EQ(one_more.bind("0.0.0.0", 0), -EADDRINUSE);
        EXPECT_EQ(one_more.send_to("x", peer.ip, 9), -EAGAIN);
        sockets.clear();
        EXPECT_EQ(one_more.send_to("x", peer.ip, 9), 1);
    });
}

TEST_F(udp_host, the_best_matching_socket_gets_the_datagram) {
    program([&] {
        sim::user_socket any(host, SOCK_DGRAM);
        sim::user_socket bound(host, SOCK_DGRAM);
        sim::user_socket connected(host, SOCK_DGRAM);
        for (sim::user_socket* each : {&any, &bound, &connected}) {
            each->set_option(SOL_SOCKET, SO_REUSEADDR, 1);
        }
        EXPECT_EQ(any.bind("0.0.0.0", 7), 0);
        EXPECT_EQ(bound.bind("10.0.0.1", 7), 0);
        EXPECT_EQ(connected.bind("10.0.0.1", 7), 0);
        EXPECT_EQ(connected.connect(peer.ip, 1000), 0);
        peer.inject_ip(sim::make_udp(fields, 1000, 7, "c"));
        peer.inject_ip(sim::make_udp(fields, 1001, 7, "b"));
        EXPECT_EQ(connected.recv(10, MSG_DONTWAIT).data, "c");
        EXPECT_EQ(connected.recv(10, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(bound.recv(10, MSG_DONTWAIT).data, "b");
        bound.close();
        peer.inject_ip(sim::make_udp(fields, 1001, 7, "a"));
        EXPECT_EQ(any.recv(10, MSG_DONTWAIT).data, "a");
    });
}

TEST_F(udp_host, ports_are_shared_only_when_both_agree) {
    program([&] {
        sim::user_socket first(host, SOCK_DGRAM);
        sim::user_socket second(host, SOCK_DGRAM);
        EXPECT_EQ(first.bind("0.0.0.0", 7), 0);
        EXPECT_EQ(first.bind("0.0.0.0", 8), -EINVAL);
        EXPECT_EQ(second.bind("0.0.0.0", 7), -EADDRINUSE);
        EXPECT_EQ(second.bind("10.0.0.1", 7), -EADDRINUSE);
        EXPECT_EQ(second.bind("1.2.3.4", 7), -EADDRNOTAVAIL);
        second.set_option(SOL_SOCKET, SO_REUSEADDR, 1);
        EXPECT_EQ(second.bind("0.0.0.0", 7), -EADDRINUSE);
        first.set_option(SOL_SOCKET, SO_REUSEADDR, 1);
        EXPECT_EQ(second.bind("0.0.0.0", 7), 0);
        world.administrator = false;
        sim::user_socket third(host, SOCK_DGRAM);
        EXPECT_EQ(third.bind("0.0.0.0", 80), -EACCES);
        EXPECT_EQ(third.bind("0.0.0.0", 8080), 0);
    });
}

TEST_F(udp_host, reuse_port_spreads_peers_over_the_group) {
    program([&] {
        std::vector<std::unique_ptr<sim::user_socket>> group;
        for (int i = 0; i < 4; i++) {
            group.push_back(std::make_unique<sim::user_socket>(host, SOCK_DGRAM));
            group.back()->set_option(SOL_SOCKET, SO_REUSEPORT, 1);
            ASSERT_EQ(group.back()->bind("0.0.0.0", 7), 0);
        }
        for (uint16_t port = 1000; port < 1200; port++) {
            peer.inject_ip(sim::make_udp(fields, port, 7, "x"));
        }
        for (const auto& each : group) {
            int count = 0;
            while (each->recv(10, MSG_DONTWAIT).result == 1) {
                count++;
            }
            EXPECT_GT(count, 20);
        }
    });
}

TEST_F(udp_host, broadcasts_reach_every_socket_and_ourselves) {
    program([&] {
        sim::user_socket first(host, SOCK_DGRAM);
        sim::user_socket second(host, SOCK_DGRAM);
        for (sim::user_socket* each : {&first, &second}) {
            each->set_option(SOL_SOCKET, SO_REUSEADDR, 1);
            ASSERT_EQ(each->bind("0.0.0.0", 7), 0);
        }
        sim::ip_fields to_all = fields;
        to_all.destination = sim::address("10.0.0.255");
        peer.inject(sim::make_ethernet(net::wire::ethernet_broadcast, peer.mac, 0x0800,
                                       sim::make_udp(to_all, 1000, 7, "all")));
        EXPECT_EQ(first.recv().data, "all");
        EXPECT_EQ(second.recv().data, "all");
        second.set_option(SOL_SOCKET, SO_BROADCAST, 1);
        EXPECT_EQ(second.send_to("mine", 0xffffffff, 7), 4);
        EXPECT_EQ(first.recv().data, "mine");
        EXPECT_EQ(second.recv().data, "mine");
        EXPECT_TRUE(net::wire::mac_equal(sim::ethernet_of(host.card->sent.back())->destination,
                                         net::wire::ethernet_broadcast));
    });
}

TEST_F(udp_host, what_we_send_to_our_subnet_comes_in_by_its_device) {
    program([&] {
        sim::user_socket bound(host, SOCK_DGRAM);
        sim::user_socket sender(host, SOCK_DGRAM);
        ASSERT_EQ(bound.bind("0.0.0.0", 7), 0);
        bound.set_option(SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5);
        bound.set_option(IPPROTO_IP, IP_PKTINFO, 1);
        sender.set_option(SOL_SOCKET, SO_BROADCAST, 1);
        EXPECT_EQ(sender.send_to("mine", sim::address("10.0.0.255"), 7), 4);
        const sim::received got = bound.recv();
        EXPECT_EQ(got.data, "mine");
        ASSERT_EQ(got.control.size(), 1u);
        in_pktinfo info;
        std::memcpy(&info, got.control[0].data.data(), sizeof(info));
        EXPECT_EQ(info.ipi_ifindex, static_cast<int>(host.device().index));
        EXPECT_EQ(lib::swap_bytes(info.ipi_spec_dst.s_addr), host.ip()); // what an answer is sent from
        EXPECT_EQ(lib::swap_bytes(info.ipi_addr.s_addr), sim::address("10.0.0.255"));
    });
}

TEST_F(udp_host, every_socket_hears_a_broadcast_however_many_there_are) {
    program([&] {
        std::vector<std::unique_ptr<sim::user_socket>> sockets;
        for (int i = 0; i < 50; i++) {
            sockets.push_back(std::make_unique<sim::user_socket>(host, SOCK_DGRAM));
            sockets.back()->set_option(SOL_SOCKET, SO_REUSEADDR, 1);
            ASSERT_EQ(sockets.back()->bind("0.0.0.0", 7), 0);
        }
        sim::ip_fields to_all = fields;
        to_all.destination = sim::address("10.0.0.255");
        peer.inject(sim::make_ethernet(net::wire::ethernet_broadcast, peer.mac, 0x0800,
                                       sim::make_udp(to_all, 1000, 7, "all")));
        for (const auto& each : sockets) {
            EXPECT_EQ(each->recv(10, MSG_DONTWAIT).data, "all");
            EXPECT_EQ(each->recv(10, MSG_DONTWAIT).result, -EAGAIN);
        }
    });
}

TEST_F(udp_host, a_socket_bound_to_a_broadcast_address_sends_from_the_routes) {
    program([&] {
        for (const char* all : {"10.0.0.255", "255.255.255.255", "239.1.2.3"}) {
            sim::user_socket socket(host, SOCK_DGRAM);
            ASSERT_EQ(socket.bind(all, 7), 0);
            EXPECT_EQ(socket.send_to("x", peer.ip, 9), 1);
            EXPECT_EQ(uint32_t{sim::ip_of(host.card->sent.back())->source}, host.ip());
        }
    });
}

TEST_F(udp_host, multicast_groups_are_joined_and_left) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        socket.bind("0.0.0.0", 7);
        const ip_mreq request = {.imr_multiaddr = {lib::swap_bytes(sim::address("239.1.2.3"))},
                                 .imr_interface = {lib::swap_bytes(host.ip())}};
        uint8_t mac[6];
        net::wire::multicast_mac(sim::address("239.1.2.3"), mac);
        sim::ip_fields to_group = fields;
        to_group.destination = sim::address("239.1.2.3");
        const sim::frame frame =
            sim::make_ethernet(mac, peer.mac, 0x0800, sim::make_udp(to_group, 1000, 7, "group"));
        peer.inject(frame);
        EXPECT_EQ(drops(net::drop_reason::eth_other_host), 1u);
        EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)), 0);
        EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)), -EADDRINUSE);
        EXPECT_EQ(host.card->multicast_updates, 1u);
        peer.inject(frame);
        EXPECT_EQ(socket.recv().data, "group");
        EXPECT_EQ(host.device().statistics.multicast, 1u);
        // What we send to the group we hear ourselves, unless told not to.
        EXPECT_EQ(socket.send_to("own", to_group.destination, 7), 3);
        EXPECT_EQ(socket.recv().data, "own");
        EXPECT_EQ(sim::ip_of(host.card->sent.back())->ttl, 1);
        socket.set_option(IPPROTO_IP, IP_MULTICAST_LOOP, 0);
        EXPECT_EQ(socket.send_to("quiet", to_group.destination, 7), 5);
        EXPECT_EQ(socket.recv(10, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof(request)), 0);
        EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof(request)),
                  -EADDRNOTAVAIL);
        peer.inject(frame);
        EXPECT_EQ(drops(net::drop_reason::eth_other_host), 2u);
    });
}

TEST_F(udp_host, a_member_of_one_group_hears_the_others_unless_it_says_no) {
    program([&] {
        sim::user_socket first(host, SOCK_DGRAM);
        sim::user_socket second(host, SOCK_DGRAM);
        uint32_t last_byte = 1;
        for (sim::user_socket* each : {&first, &second}) {
            each->set_option(SOL_SOCKET, SO_REUSEADDR, 1);
            ASSERT_EQ(each->bind("0.0.0.0", 7), 0);
            const ip_mreq request = {
                .imr_multiaddr = {lib::swap_bytes(sim::address("239.1.1.0") + last_byte++)},
                .imr_interface = {lib::swap_bytes(host.ip())}};
            ASSERT_EQ(each->set_option(IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)), 0);
        }
        sim::ip_fields to_second = fields;
        to_second.destination = sim::address("239.1.1.2");
        uint8_t mac[6];
        net::wire::multicast_mac(to_second.destination, mac);
        const sim::frame frame =
            sim::make_ethernet(mac, peer.mac, 0x0800, sim::make_udp(to_second, 1000, 7, "x"));
        peer.inject(frame);
        EXPECT_EQ(second.recv(10, MSG_DONTWAIT).data, "x");
        EXPECT_EQ(first.recv(10, MSG_DONTWAIT).data, "x"); // ip(7): IP_MULTICAST_ALL is on
        EXPECT_EQ(first.set_option(IPPROTO_IP, IP_MULTICAST_ALL, 0), 0);
        peer.inject(frame);
        EXPECT_EQ(second.recv(10, MSG_DONTWAIT).data, "x");
        EXPECT_EQ(first.recv(10, MSG_DONTWAIT).result, -EAGAIN);
    });
}

} // namespace
