// UDP between two hosts, and everything that can go wrong with a datagram.

#include "net/core/snmp.hpp"
#include "sim/program.hpp"

namespace {

using namespace net::port;

struct two_hosts {
    sim::world world{7};
    sim::host a{"10.0.0.1"};
    sim::host b{"10.0.0.2"};
    sim::wire wire{a, b};
};

TEST(udp, carries_a_datagram_and_its_answer) {
    two_hosts net;
    net.world.spawn("server", [&] {
        sim::user_socket server(net.b, SOCK_DGRAM);
        ASSERT_EQ(server.bind("0.0.0.0", 7), 0);
        const sim::received got = server.recv();
        EXPECT_EQ(got.result, 5);
        EXPECT_EQ(got.data, "hello");
        EXPECT_EQ(got.from_address, net.a.ip());
        EXPECT_EQ(server.send_to("world!", got.from_address, got.from_port), 6);
    });
    net.world.spawn("client", [&] {
        sim::user_socket client(net.a, SOCK_DGRAM);
        ASSERT_EQ(client.connect("10.0.0.2", 7), 0);
        EXPECT_EQ(client.send("hello"), 5);
        const sim::received got = client.recv();
        EXPECT_EQ(got.data, "world!");
        EXPECT_EQ(got.from_port, 7);
    });
    net.world.run();
    EXPECT_EQ(net::counted(net.a.stack(), net::mib::udp_out_datagrams), 1u);
    EXPECT_EQ(net::counted(net.a.stack(), net::mib::udp_in_datagrams), 1u);
    EXPECT_EQ(net.a.stack().live_socks, 0u);
    EXPECT_EQ(net.a.stack().live_skbs, 0u);
    EXPECT_EQ(net.b.stack().live_skbs, 0u);
}

} // namespace
