// Which acknowledgment numbers a connection believes (RFC 5961 §5.2).

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

} // namespace
