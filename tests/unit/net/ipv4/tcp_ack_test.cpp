// Which acknowledgment numbers a connection believes (RFC 5961 §5.2), and what it hears beside them.

#include "net/core/snmp.hpp"
#include "sim/program.hpp"
#include "sim/tcp_peer.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;

TEST(tcp_ack, an_ack_from_beyond_the_largest_window_is_challenged) {
    sim::world world;
    sim::host host("10.0.0.1");
    sim::tcp_peer peer(host, "10.0.0.9", 1000, 80);
    world.spawn("client", [&] {
        sim::user_socket client(host, SOCK_STREAM);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
        client.recv();
    });
    peer.accept();
    world.run_for(millisecond);
    // Half the circle away is the furthest there is: neither before nor after.
    for (const uint32_t distance : {uint32_t{70000}, uint32_t{0x7fffffff}, uint32_t{0x80000000}}) {
        peer.send({.payload = "forged", .seq = peer.seq, .ack = peer.received - distance});
        const auto answer = peer.try_next(millisecond);
        ASSERT_TRUE(answer.has_value()) << distance;
        EXPECT_EQ(answer->ack, peer.seq) << distance;
        world.run_for(net::port::second); // challenges are limited
    }
    peer.send({.flags = tcp_rst | tcp_ack});
    world.run();
}

TEST(tcp_ack, a_duplicate_is_reported_beside_the_ack_that_covers_it) {
    sim::world world;
    sim::host host("10.0.0.1");
    sim::tcp_peer peer(host, "10.0.0.9", 1000, 80);
    peer.syn_options.sack_permitted = true;
    world.spawn("client", [&] {
        sim::user_socket client(host, SOCK_STREAM);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
        EXPECT_EQ(client.send(std::string(200, 'x')), 200);
        client.recv();
    });
    peer.accept();
    const sim::segment data = peer.next();
    EXPECT_EQ(peer.next(10 * net::port::second).seq, data.seq); // the ACK of the first copy was lost
    const auto told = [&] { return net::counted(host.stack(), net::mib::tcpext_dsack_received); };
    const auto acknowledge = [&](uint32_t start, uint32_t end) {
        net::wire::tcp_options options;
        options.sack_count = 1;
        options.sacks[0] = {seq(start), seq(end)};
        peer.send({.ack = data.seq + 200, .options = options});
        world.run_for(millisecond);
    };
    acknowledge(data.seq, data.seq + 200); // RFC 2883 §4: below the new ACK, not below the one before
    EXPECT_EQ(told(), 1u);
    acknowledge(data.seq + 200, data.seq + 300); // above it, and never sent
    EXPECT_EQ(told(), 1u);
    peer.send({.flags = tcp_rst | tcp_ack});
    world.run();
}

} // namespace
