// Loss recovery against a peer without SACK, that the test plays: every duplicate ACK says that something has
// arrived, none says what (RFC 5681 §3.2, RFC 6582).

#include "net/ipv4/route.hpp"
#include "net/ipv4/tcp_output.hpp"
#include "net/ipv4/tcp_recovery.hpp"
#include "sim/program.hpp"
#include "sim/tcp_peer.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;

struct tcp_newreno : testing::Test {
    static constexpr uint32_t mss = 1000;
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::tcp_peer peer{host, "10.0.0.9", 1000, 80};
    net::tcp_sock* sk = nullptr; ///< of the program, while it runs
    uint32_t start = 0;          ///< number of the first byte

    /// A program connects and sends so many full segments, all of which leave.
    void send(uint32_t segments) {
        world.spawn("client", [this, segments] {
            sim::user_socket client(host, SOCK_STREAM);
            EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
            EXPECT_EQ(client.send(std::string(segments * mss, 'x')), long{segments * mss});
            sk = &net::as_tcp(*client.get().sk);
            client.recv();
        });
        peer.syn_options.has_mss = true;
        peer.syn_options.mss = mss;
        peer.accept();
        start = peer.received;
        while (peer.received - start < segments * mss) {
            peer.next();
        }
    }
    void acknowledge(uint32_t segments) { peer.send({.ack = start + segments * mss}); }
    void TearDown() override {
        peer.send({.flags = tcp_rst | tcp_ack});
        world.run();
    }
};

TEST_F(tcp_newreno, a_partial_ack_brings_the_next_hole_though_all_behind_it_seems_to_be_there) {
    send(5);
    for (int i = 0; i < 4; i++) {
        acknowledge(0);
    }
    EXPECT_EQ(peer.next(millisecond).seq, start);
    acknowledge(2);
    EXPECT_EQ(peer.next(millisecond).seq, start + 2 * mss);
    acknowledge(5);
}

TEST_F(tcp_newreno, what_became_too_large_is_sent_again_though_duplicates_were_counted) {
    send(5);
    acknowledge(0);
    acknowledge(0);
    {
        net::port::guard hold(sk->sock_lock);
        net::route_update_mtu(host.stack(), sk->remote_address, 700);
        EXPECT_EQ(net::tcp_current_mss(*sk), 660u);
        net::tcp_resend_after_mtu_change(*sk);
        EXPECT_LE(net::tcp_in_flight(*sk), sk->packets_out);
    }
    const sim::segment again = peer.next(millisecond);
    EXPECT_EQ(again.seq, start);
    EXPECT_EQ(again.payload.size(), 660u);
}

} // namespace
