// Which way a UDP datagram takes, when what it depends on changes after the socket has kept an answer: the
// MTU, SO_BINDTODEVICE, SO_DONTROUTE, and what routers say about the path.

#include "net/ipv4/devinet.hpp"
#include "net/ipv4/route.hpp"
#include "udp_host.hpp"

#include <cstring>

namespace {

constexpr const char* far_away = "192.0.2.1";

struct udp_route : udp_host {
    void SetUp() override {
        udp_host::SetUp();
        ASSERT_TRUE(net::add_route(host.stack(), {.gateway = peer.ip}).ok());
    }
    void set_mtu(int mtu) {
        ifreq request = {};
        std::strcpy(request.ifr_name, "eth0");
        request.ifr_mtu = mtu;
        ASSERT_TRUE(
            net::interface_ioctl(host.stack(), SIOCSIFMTU, reinterpret_cast<uintptr_t>(&request)).ok());
    }
    /// A router says that the packet sent last was too big.
    void inject_too_big(uint16_t mtu) {
        const sim::frame& sent = host.card->sent.back();
        const sim::frame quote(sent.begin() + 14, sent.begin() + 14 + 28);
        peer.inject_ip(sim::make_ip({.source = peer.ip, .destination = host.ip(), .protocol = IPPROTO_ICMP},
                                    sim::make_icmp(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 0, mtu, quote)));
    }
};

TEST_F(udp_route, a_changed_mtu_reaches_open_sockets) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        EXPECT_EQ(socket.connect(peer.ip, 9), 0);
        EXPECT_EQ(socket.send(std::string(1400, 'x')), 1400);
        set_mtu(1000);
        EXPECT_EQ(socket.get_option(IPPROTO_IP, IP_MTU), 1000);
        host.card->sent.clear();
        EXPECT_EQ(socket.send(std::string(1400, 'x')), 1400);
        EXPECT_EQ(host.card->sent.size(), 2u); // cut in two, none larger than the link takes
        EXPECT_LE(host.card->sent[0].size(), 1014u);
    });
}

TEST_F(udp_route, options_set_later_choose_another_way) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        EXPECT_EQ(socket.send_to("x", sim::address(far_away), 9), 1);
        EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_DONTROUTE, 1), 0);
        EXPECT_EQ(socket.send_to("x", sim::address(far_away), 9), -ENETUNREACH);
        EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_DONTROUTE, 0), 0);
        EXPECT_EQ(socket.send_to("x", sim::address(far_away), 9), 1);
        const size_t sent = host.card->sent.size();
        EXPECT_EQ(socket.set_option(SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
        socket.send_to("x", sim::address(far_away), 9);
        EXPECT_EQ(host.card->sent.size(), sent);
    });
    world.run_for(net::port::second); // the loopback drops what is for nobody here
}

TEST_F(udp_route, one_datagram_may_be_for_the_link_only) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        EXPECT_EQ(socket.send_to("x", sim::address(far_away), 9, MSG_DONTROUTE), -ENETUNREACH);
        EXPECT_EQ(socket.send_to("x", peer.ip, 9, MSG_DONTROUTE), 1);
        EXPECT_EQ(socket.send_to("x", sim::address(far_away), 9), 1);
    });
}

TEST_F(udp_route, a_connected_socket_hears_that_a_datagram_was_too_big) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        EXPECT_EQ(socket.get_option(IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
        EXPECT_EQ(socket.connect(far_away, 9), 0);
        EXPECT_EQ(socket.send(std::string(1400, 'x')), 1400);
        inject_too_big(1000);
        EXPECT_EQ(socket.send(std::string(1400, 'x')), -EMSGSIZE); // the pending error, told once
        host.card->sent.clear();
        EXPECT_EQ(socket.send(std::string(1400, 'x')), 1400);
        EXPECT_EQ(host.card->sent.size(), 2u);
    });
}

TEST_F(udp_route, who_discovers_no_mtu_learns_of_it_without_an_error) {
    program([&] {
        sim::user_socket socket(host, SOCK_DGRAM);
        EXPECT_EQ(socket.set_option(IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT), 0);
        EXPECT_EQ(socket.connect(far_away, 9), 0);
        EXPECT_EQ(socket.send(std::string(1400, 'x')), 1400);
        inject_too_big(1000);
        host.card->sent.clear();
        EXPECT_EQ(socket.send(std::string(1400, 'x')), 1400);
        EXPECT_EQ(host.card->sent.size(), 2u);
    });
}

} // namespace
