// Congestion control, seen from the outside: windows after losses, the share of a bottleneck, the choice of a
// policy.

#include "net/core/snmp.hpp"
#include "net/stack.hpp"
#include "tcp_states.hpp"

#include <cmath>

namespace {

using net::port::millisecond;
using net::port::second;

tcp_info info_of(sim::user_socket& socket) {
    tcp_info info = {};
    uint32_t length = sizeof(info);
    EXPECT_TRUE(net::sock_getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &length).ok());
    return info;
}

struct bulk {
    double seconds = 0;
    tcp_info end = {};
};

/// b sends to a for a while with a policy; how long it took and how the connection stood then.
bulk run(const char* policy, size_t bytes, const sim::wire_options& options) {
    sim::world world{3};
    sim::host a("10.0.0.1");
    sim::host b("10.0.0.2");
    sim::wire wire(a, b, options);
    bulk outcome;
    world.spawn("server", [&] {
        sim::user_socket listener(a, SOCK_STREAM);
        ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
        ASSERT_EQ(listener.listen(1), 0);
        sim::user_socket child = listener.accept();
        size_t got = 0;
        while (true) {
            const sim::received more = child.recv();
            if (more.result <= 0) {
                break;
            }
            got += more.data.size();
        }
        EXPECT_EQ(got, bytes);
    });
    world.spawn("client", [&] {
        sim::user_socket client(b, SOCK_STREAM);
        ASSERT_EQ(
            client.set_option(IPPROTO_TCP, TCP_CONGESTION, policy, static_cast<uint32_t>(strlen(policy))), 0);
        ASSERT_EQ(client.connect("10.0.0.1", 80), 0);
        const net::port::time_ns start = world.now();
        EXPECT_EQ(client.send(std::string(bytes, 'x')), static_cast<long>(bytes));
        outcome.seconds = static_cast<double>(world.now() - start) / 1e9;
        outcome.end = info_of(client);
    });
    world.run();
    world.run_for(100 * second);
    return outcome;
}

TEST(tcp_congestion, slow_start_fills_a_clean_wire) {
    const bulk got = run("reno", 4 << 20, {.delay = 10 * millisecond});
    EXPECT_GT(got.end.tcpi_snd_cwnd, 300u);
    EXPECT_EQ(got.end.tcpi_total_retrans, 0u);
}

TEST(tcp_congestion, both_policies_use_a_bottleneck) {
    for (const char* policy : {"reno", "cubic"}) {
        SCOPED_TRACE(policy);
        // 20 Mbit/s, 20 ms: 4 MiB take 1.7 s at best.
        const bulk got = run(policy, 4 << 20,
                             {.delay = 10 * millisecond, .bits_per_second = 20'000'000, .queue_frames = 40});
        EXPECT_LT(got.seconds, 3.0);
        EXPECT_LT(got.end.tcpi_snd_cwnd, 300u);
        EXPECT_GT(got.end.tcpi_total_retrans, 0u); // it did find the limit
        EXPECT_LT(got.end.tcpi_total_retrans, 300u);
    }
}

TEST(tcp_congestion, knows_its_policies_by_name) {
    sim::world world;
    sim::host a("10.0.0.1");
    sim::user_socket socket(a, SOCK_STREAM);
    char name[16] = {};
    uint32_t length = sizeof(name);
    EXPECT_TRUE(net::sock_getsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name, &length).ok());
    EXPECT_STREQ(name, "cubic");
    EXPECT_EQ(socket.set_option(IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
    length = sizeof(name);
    EXPECT_TRUE(net::sock_getsockopt(socket.get(), IPPROTO_TCP, TCP_CONGESTION, name, &length).ok());
    EXPECT_STREQ(name, "reno");
    EXPECT_EQ(socket.set_option(IPPROTO_TCP, TCP_CONGESTION, "vegas", 5), -ENOENT);
}

// ---- Reno's threshold (RFC 5681 §3.1, equation 4) ---------------------------------------------------------

struct reno : tcp_states {
    static constexpr uint32_t mss = 536; ///< of a peer that names none
    uint32_t first = 0;                  ///< number of the oldest byte in flight

    /// A connection with a window of ten segments.
    void open(const char* policy = "reno") {
        serve_and_keep();
        peer->connect();
        sim::user_socket& own = sockets.at(0);
        own.set_non_blocking(true);
        ASSERT_EQ(own.set_option(IPPROTO_TCP, TCP_CONGESTION, policy, static_cast<uint32_t>(strlen(policy))),
                  0);
        ASSERT_EQ(info_of(own).tcpi_snd_cwnd, 10u);
        first = peer->received;
    }
    /// The user writes so many segments; so many leave.
    void send(uint32_t segments, uint32_t leave) {
        ASSERT_EQ(sockets.at(0).send(std::string(segments * mss, 'x')), static_cast<long>(segments * mss));
        EXPECT_EQ(arrived(), leave);
    }
    uint32_t arrived() {
        uint32_t segments = 0;
        while (peer->try_next(millisecond)) {
            segments++;
        }
        return segments;
    }
    void acknowledge(uint32_t segments) { peer->send({.ack = first += segments * mss}); }
    uint32_t window() { return info_of(sockets.at(0)).tcpi_snd_cwnd; }
    uint32_t threshold() { return info_of(sockets.at(0)).tcpi_snd_ssthresh; }
};

TEST_F(reno, halves_what_was_in_flight_and_not_the_window) {
    open();
    send(6, 6);
    for (int i = 0; i < 3; i++) {
        acknowledge(0);
    }
    EXPECT_EQ(threshold(), 3u);
}

TEST_F(reno, halves_what_was_in_flight_when_it_times_out) {
    open();
    send(6, 6);
    EXPECT_EQ(peer->next(10 * second).seq, first);
    EXPECT_EQ(threshold(), 3u);
    EXPECT_EQ(info_of(sockets.at(0)).tcpi_snd_cwnd, 1u);
}

TEST_F(reno, two_segments_are_the_least) {
    open();
    send(1, 1);
    peer->next(10 * second);
    EXPECT_EQ(threshold(), 2u);
}

TEST_F(reno, what_limited_transmit_sent_does_not_count) {
    open();
    send(14, 10);
    for (int i = 0; i < 2; i++) {
        acknowledge(0);
        EXPECT_EQ(arrived(), 1u);
    }
    acknowledge(0);
    EXPECT_EQ(threshold(), 5u);
}

TEST_F(reno, recovery_sends_half_of_what_arrives) {
    open();
    send(10, 10);
    acknowledge(10);
    EXPECT_EQ(info_of(sockets.at(0)).tcpi_snd_cwnd, 20u);
    send(12, 12);
    for (int i = 0; i < 3; i++) {
        acknowledge(0);
    }
    EXPECT_EQ(threshold(), 6u);
    EXPECT_EQ(arrived(), 1u); // the lost one again
    send(6, 0);
    acknowledge(0);
    EXPECT_EQ(arrived(), 0u);
    acknowledge(0);
    EXPECT_EQ(arrived(), 1u);
}

// ---- Growth ----------------------------------------------------------------------------------------------

/// A distant peer that acknowledges segment by segment.
struct growth : reno {
    net::port::time_ns round_trip = 100 * millisecond;
    uint32_t end = 0; ///< number behind what has arrived

    void open(const char* policy) {
        reno::open(policy);
        end = first;
        ASSERT_EQ(sockets.at(0).set_option(SOL_SOCKET, SO_SNDBUF, 1 << 20), 0);
    }
    /// The user writes (what there is room for), and what leaves is on its way for a round trip.
    void write(uint32_t segments) {
        sockets.at(0).send(std::string(segments * mss, 'x'));
        while (const auto next = peer->try_next(millisecond)) {
            end = static_cast<int32_t>(next->end() - end) > 0 ? next->end() : end;
        }
        world.run_for(round_trip);
    }
    /// ... and acknowledged, until the window is so large.
    void go_round(uint32_t segments, uint32_t enough = UINT32_MAX) {
        write(segments);
        while (static_cast<int32_t>(end - first) > 0 && window() < enough) {
            acknowledge(1);
        }
    }
    /// The first segment of what is in flight is lost and sent again.
    void lose() {
        for (int i = 0; i < 3; i++) {
            acknowledge(0);
        }
        write(1);
        peer->send({.ack = first = end});
    }
    void lose_at(uint32_t segments) {
        for (int i = 0; i < 10 && window() < segments; i++) {
            go_round(300, segments);
        }
        lose();
    }
};

struct growth_of_both : growth, testing::WithParamInterface<const char*> {};

// RFC 5681 §4.3
TEST_P(growth_of_both, there_is_none_while_the_application_sends_less_than_it_may) {
    open(GetParam());
    for (int i = 0; i < 20; i++) {
        go_round(4);
    }
    EXPECT_EQ(window(), 10u); // slow start
    write(10);
    lose();
    go_round(2); // the last ACKs of a window that was used up
    const uint32_t kept = window();
    for (int i = 0; i < 100; i++) {
        go_round(kept - 1);
    }
    EXPECT_EQ(window(), kept); // congestion avoidance
    for (int i = 0; i < 10; i++) {
        go_round(4 * kept);
    }
    EXPECT_GT(window(), kept);
}

INSTANTIATE_TEST_SUITE_P(reno_and_cubic, growth_of_both, testing::Values("reno", "cubic"));

// RFC 9438 §4.2: with such round trips faster than Reno.
TEST_F(growth, of_cubic_after_a_loss_follows_its_curve) {
    open("cubic");
    lose_at(100);
    EXPECT_EQ(threshold(), 70u);
    const double plateau = std::cbrt((100 - 70) / 0.4); // seconds until the window is 100 again
    const net::port::time_ns start = world.now() + round_trip;
    double seconds = 0;
    while (seconds < plateau + 3) {
        go_round(300);
        seconds = static_cast<double>(world.now() - start) / second;
        EXPECT_NEAR(window(), 100 + 0.4 * std::pow(seconds - plateau, 3), 3) << "after " << seconds << " s";
    }
}

// RFC 9438 §4.3: an estimate of what Reno would have grows by 0.53 segments a round trip, from the window of
// the loss on by one.
TEST_F(growth, of_cubic_is_that_of_reno_where_that_is_faster) {
    open("cubic");
    round_trip = 5 * millisecond;
    lose_at(40);
    EXPECT_EQ(threshold(), 28u);
    double estimate = 28;
    for (int i = 1; i <= 50; i++) {
        go_round(100);
        estimate += estimate < 40 ? 0.53 : 1;
        EXPECT_NEAR(window(), estimate, 3) << "after " << i << " round trips";
    }
}

// RFC 5681 §3.1, equation 3 as most play it: one segment more per round trip.
TEST_F(growth, of_reno_after_a_loss_is_a_straight_line) {
    open("reno");
    lose_at(100);
    EXPECT_EQ(threshold(), 50u);
    for (uint32_t i = 1; i <= 60; i++) {
        go_round(300);
        EXPECT_NEAR(window(), 50 + i, 2) << "after " << i << " round trips";
    }
}

} // namespace
