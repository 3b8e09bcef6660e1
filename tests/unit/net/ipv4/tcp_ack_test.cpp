// Which acknowledgment numbers a connection believes (RFC 5961 §5.2), which windows (RFC 9293 §3.10.7.4), and
// what it hears beside them.

#include "net/core/snmp.hpp"
#include "sim/program.hpp"
#include "sim/tcp_peer.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

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

/// A program that connects to the peer, writes eight segments, and a last byte half a second later.
struct tcp_peer_window : testing::Test {
    static constexpr uint32_t size = 8 * 536;
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::tcp_peer peer{host, "10.0.0.9", 1000, 80};

    void start() {
        world.spawn("client", [this] {
            sim::user_socket client(host, SOCK_STREAM);
            EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
            EXPECT_EQ(client.send(std::string(size, 'x')), long{size});
            client.poll(POLLHUP, second / 2);
            client.send("y");
            client.recv();
        });
        peer.accept();
        while (peer.received - data_start() < size) {
            peer.next();
        }
    }
    uint32_t data_start() {
        if (!first_byte) {
            first_byte = peer.received;
        }
        return *first_byte;
    }
    void TearDown() override {
        peer.send({.flags = tcp_rst | tcp_ack});
        world.run();
    }
    /// The last byte waits for a window, for which the host asks with an old number.
    void expect_probe() {
        const sim::segment probe = peer.next(second);
        EXPECT_EQ(probe.payload, "");
        EXPECT_EQ(probe.seq, data_start() + size - 1);
    }
    std::optional<uint32_t> first_byte;
};

TEST_F(tcp_peer_window, may_close_by_an_ack_without_any_other_news) {
    start();
    peer.send({.window = 4000});
    peer.send({.window = 0});
    expect_probe();
}

TEST_F(tcp_peer_window, does_not_close_by_an_ack_that_its_timestamp_shows_to_be_late) {
    peer.syn_options.has_timestamp = true;
    peer.syn_options.timestamp_value = 1000;
    start();
    net::wire::tcp_options options;
    options.has_timestamp = true;
    options.timestamp_value = 1010;
    peer.send({.window = 4000, .options = options});
    options.timestamp_value = 1009;
    peer.send({.window = 0, .options = options}); // overtaken by the one before
    EXPECT_EQ(peer.next(second).payload, "y");
}

TEST_F(tcp_peer_window, does_not_close_by_an_ack_that_was_sent_before_the_last_data) {
    start();
    peer.send({});
    for (int i = 0; i < 20; i++) {
        peer.send({.flags = tcp_psh | tcp_ack, .payload = "data"}); // the fast way, and acknowledged at once
    }
    while (peer.try_next(100 * millisecond)) {
    }
    const uint32_t before = peer.seq;
    peer.send({.flags = tcp_psh | tcp_ack, .payload = "data"}); // the ACKs of these are delayed
    peer.send({.flags = tcp_psh | tcp_ack, .payload = "data"});
    peer.send({.seq = before, .window = 0});
    sim::segment next = peer.next(second);
    while (next.payload.empty() && next.seq == data_start() + size) {
        next = peer.next(second); // the ACK of the data
    }
    EXPECT_EQ(next.payload, "y");
}

TEST_F(tcp_peer_window, that_becomes_smaller_makes_no_duplicate_ack) {
    start();
    for (uint16_t window = 5000; window > 4500; window = static_cast<uint16_t>(window - 100)) {
        peer.send({.ack = data_start(), .window = window});
    }
    peer.expect_silence(100 * millisecond); // RFC 5681 §2 (e)
}

} // namespace
