// Raw sockets: copies with the IP header in, any protocol out.

#include "sim/host.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"

namespace {

struct raw : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::peer peer{host, "10.0.0.2"};

    void SetUp() override { peer.introduce(); }
    void program(std::function<void()> body) {
        world.spawn("program", std::move(body));
        world.run();
    }
    sim::frame from_peer(uint8_t protocol, const sim::frame& payload) {
        return sim::make_ip({.source = peer.ip, .destination = host.ip(), .protocol = protocol}, payload);
    }
};

TEST_F(raw, receives_its_protocol_with_the_header) {
    program([&] {
        sim::user_socket socket(host, SOCK_RAW, 99);
        sim::user_socket other(host, SOCK_RAW, 98);
        const sim::frame packet = from_peer(99, sim::bytes_of("payload"));
        peer.inject_ip(packet);
        const sim::received got = socket.recv();
        EXPECT_EQ(sim::bytes_of(got.data), packet);
        EXPECT_EQ(got.from_address, peer.ip);
        EXPECT_EQ(other.recv(100, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(host.card->sent.size(), 0u); // taken: not "protocol unreachable"
    });
}

TEST_F(raw, every_socket_gets_a_copy_however_many_there_are) {
    program([&] {
        std::vector<std::unique_ptr<sim::user_socket>> sockets;
        for (int i = 0; i < 40; i++) {
            sockets.push_back(std::make_unique<sim::user_socket>(host, SOCK_RAW, 99));
        }
        const sim::frame packet = from_peer(99, sim::bytes_of("payload"));
        peer.inject_ip(packet);
        for (const auto& each : sockets) {
            EXPECT_EQ(sim::bytes_of(each->recv(100, MSG_DONTWAIT).data), packet);
            EXPECT_EQ(each->recv(100, MSG_DONTWAIT).result, -EAGAIN);
        }
    });
}

TEST_F(raw, sends_with_a_header_made_for_it) {
    program([&] {
        sim::user_socket socket(host, SOCK_RAW, 99);
        socket.set_option(IPPROTO_IP, IP_TTL, 3);
        EXPECT_EQ(socket.send_to("payload", peer.ip, 0), 7);
    });
    const auto* ip = sim::ip_of(host.card->sent.back());
    EXPECT_EQ(ip->protocol, 99);
    EXPECT_EQ(ip->ttl, 3);
    EXPECT_EQ(ip->total_length, 27);
}

TEST_F(raw, takes_the_header_of_the_user) {
    program([&] {
        sim::user_socket socket(host, SOCK_RAW, IPPROTO_RAW);
        EXPECT_EQ(socket.get_option(IPPROTO_IP, IP_HDRINCL), 1);
        const sim::frame own =
            sim::make_ip({.source = 0, .destination = peer.ip, .protocol = 77, .ttl = 9}, sim::bytes_of("x"));
        EXPECT_EQ(socket.send_to({own.begin(), own.end()}, peer.ip, 0), 21);
        const auto* ip = sim::ip_of(host.card->sent.back());
        EXPECT_EQ(ip->source, host.ip()); // filled in
        EXPECT_EQ(ip->ttl, 9);
        EXPECT_EQ(socket.send_to("too short", peer.ip, 0), -EINVAL);
        sim::frame lies = own;
        lies[0] = 0x4f;
        EXPECT_EQ(socket.send_to({lies.begin(), lies.end()}, peer.ip, 0), -EINVAL);
        EXPECT_EQ(socket.send_to(std::string(1600, 'E'), peer.ip, 0), -EMSGSIZE);
        EXPECT_EQ(host.stack().live_skbs, 0u);
    });
}

TEST_F(raw, icmp_can_be_filtered_by_type) {
    program([&] {
        sim::user_socket socket(host, SOCK_RAW, IPPROTO_ICMP);
        const icmp_filter filter = {.data = ~(1u << ICMP_ECHOREPLY)};
        EXPECT_EQ(socket.set_option(SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)), 0);
        EXPECT_EQ(socket.get_option(SOL_RAW, ICMP_FILTER), static_cast<int>(filter.data));
        peer.inject_ip(from_peer(IPPROTO_ICMP, sim::make_icmp(ICMP_ECHO, 0, 1, 1, {})));
        peer.inject_ip(from_peer(IPPROTO_ICMP, sim::make_icmp(ICMP_ECHOREPLY, 0, 1, 1, {})));
        EXPECT_EQ(socket.recv().data[20], ICMP_ECHOREPLY);
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
        sim::user_socket other(host, SOCK_RAW, 99);
        EXPECT_EQ(other.set_option(SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)), -ENOPROTOOPT);
    });
}

TEST_F(raw, bind_and_connect_choose_among_packets) {
    program([&] {
        sim::user_socket socket(host, SOCK_RAW, 99);
        EXPECT_EQ(socket.bind("1.2.3.4", 0), -EADDRNOTAVAIL);
        EXPECT_EQ(socket.bind("10.0.0.1", 0), 0);
        EXPECT_EQ(socket.connect("10.0.0.3", 0), 0);
        peer.inject_ip(from_peer(99, sim::bytes_of("other")));
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
        EXPECT_EQ(host.card->sent.size(), 1u); // nobody took it: "protocol unreachable"
        EXPECT_NE(host.report("raw").find("0100000A:0063 0300000A:0000 01"), std::string::npos);
    });
    EXPECT_EQ(host.stack().live_socks, 0u);
}

} // namespace
