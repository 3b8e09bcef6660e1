// What time does to a connection: one whose probes cannot even be sent ends all the same, one that gets on
// does not.

#include "net/core/net_device.hpp"
#include "sim/program.hpp"
#include "sim/sysctl.hpp"
#include "sim/tcp_peer.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

struct tcp_timer : testing::Test {
    sim::world world;
    sim::host host{"10.0.0.1"};
    sim::tcp_peer peer{host, "10.0.0.9", 1000, 80};

    /// A program connects to the peer, whose SYN-ACK offers this window, and does something.
    void call(uint16_t window, std::function<void(sim::user_socket&)> body) {
        world.spawn("client", [this, body] {
            sim::user_socket client(host, SOCK_STREAM);
            EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
            body(client);
        });
        peer.window = window;
        peer.accept();
    }
};

TEST_F(tcp_timer, an_orphan_with_a_closed_window_ends_without_a_route) {
    call(0, [](sim::user_socket& client) { EXPECT_EQ(client.send("data"), 4); });
    world.run_for(millisecond);
    EXPECT_EQ(host.stack().live_socks, 1u);
    net::dev_close(host.device());
    world.run_for(3600 * second);
    EXPECT_EQ(host.stack().live_socks, 0u);
}

TEST_F(tcp_timer, keepalive_ends_a_connection_without_a_route) {
    long outcome = 0;
    call(1000, [&](sim::user_socket& client) {
        EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_KEEPIDLE, 10), 0);
        EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_KEEPINTVL, 5), 0);
        EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_KEEPCNT, 3), 0);
        EXPECT_EQ(client.set_option(SOL_SOCKET, SO_KEEPALIVE, 1), 0);
        outcome = client.recv().result;
    });
    world.run_for(millisecond);
    net::dev_close(host.device());
    world.run_for(60 * second);
    EXPECT_LT(outcome, 0);
}

TEST_F(tcp_timer, every_progress_gives_new_time) {
    long outcome = -1;
    call(65535, [&](sim::user_socket& client) {
        EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, 45000), 0);
        EXPECT_EQ(client.send(std::string(8 * 536, 'x')), 8 * 536);
        outcome = client.recv().result;
    });
    uint32_t acknowledged = peer.received;
    const net::port::time_ns before = world.now();
    for (int i = 0; i < 4; i++) {
        while (peer.try_next(100 * millisecond)) { // all are lost ...
        }
        EXPECT_EQ(peer.next(60 * second).seq, acknowledged); // ... until the oldest times out, twice
        EXPECT_EQ(peer.next(60 * second).seq, acknowledged);
        acknowledged += 536;
        peer.send({.ack = acknowledged});
    }
    EXPECT_GT(world.now() - before, 45 * second);
    peer.send({.flags = tcp_fin | tcp_ack, .ack = acknowledged});
    world.run_for(millisecond);
    EXPECT_EQ(outcome, 0);
}

TEST_F(tcp_timer, an_ack_that_was_lost_does_not_make_the_round_trip_longer) {
    peer.syn_options.sack_permitted = true;
    peer.syn_options.has_timestamp = true;
    call(65535, [&](sim::user_socket& client) {
        for (const char* each : {"x", "y", "z"}) {
            EXPECT_EQ(client.send(each), 1);
            EXPECT_EQ(client.recv().data, "next");
        }
    });
    const auto next_data = [&](net::port::time_ns patience) {
        sim::segment data = peer.next(patience);
        while (data.payload.empty() && data.flags == tcp_ack) {
            data = peer.next(patience);
        }
        return data;
    };
    net::wire::tcp_options echo;
    echo.has_timestamp = true;
    const auto answer = [&](const sim::segment& to) {
        echo.timestamp_echo = to.options.timestamp_value;
        peer.send({.flags = tcp_psh | tcp_ack, .payload = "next", .options = echo});
        echo.sack_count = 0;
    };
    const sim::segment first = next_data(second);
    EXPECT_EQ(first.payload, "x");
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(next_data(60 * second).payload, "x"); // the peer has it, but its ACKs are lost
    }
    echo.sack_count = 1;
    echo.sacks[0] = {net::wire::seq(first.seq), net::wire::seq(first.seq + 1)};
    answer(first);
    answer(next_data(second));
    const sim::segment last = next_data(second);
    EXPECT_EQ(last.payload, "z");
    EXPECT_EQ(next_data(second).payload, "z"); // sent again soon: the way is short
    answer(last);
    world.run_for(millisecond);
}

TEST_F(tcp_timer, a_block_that_is_told_late_does_not_make_the_round_trip_longer) {
    peer.syn_options.sack_permitted = true;
    peer.syn_options.has_timestamp = true;
    call(65535, [&](sim::user_socket& client) {
        EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_NODELAY, 1), 0);
        for (const char* each : {"x", "y", "z"}) {
            EXPECT_EQ(client.send(each), 1);
        }
        EXPECT_EQ(client.recv().data, "next");
        EXPECT_EQ(client.send("w"), 1);
        client.recv();
    });
    const sim::segment x = peer.next(), y = peer.next(), z = peer.next();
    sim::segment again = x;
    for (int i = 0; i < 5; i++) {
        again = peer.next(60 * second);
        EXPECT_EQ(again.payload, "x"); // z has arrived, but the ACK that said so is lost
    }
    net::wire::tcp_options told;
    told.has_timestamp = true;
    told.timestamp_echo = again.options.timestamp_value;
    told.sack_count = 1;
    told.sacks[0] = {net::wire::seq(z.seq), net::wire::seq(z.end())};
    peer.send({.ack = y.seq, .options = told});
    again = peer.next(second);
    EXPECT_EQ(again.payload, "y");
    told.timestamp_echo = again.options.timestamp_value;
    told.sack_count = 0;
    peer.send({.flags = tcp_psh | tcp_ack, .payload = "next", .ack = z.end(), .options = told});
    sim::segment last = peer.next(second);
    while (last.payload.empty()) {
        last = peer.next(second);
    }
    EXPECT_EQ(last.payload, "w");
    EXPECT_EQ(peer.next(second).payload, "w"); // sent again soon: the way is short
    peer.send({.flags = tcp_rst | tcp_ack});
    world.run_for(millisecond);
}

TEST_F(tcp_timer, an_answer_to_a_syn_that_was_lost_is_no_round_trip) {
    peer.syn_options.has_timestamp = true;
    world.spawn("client", [&] {
        sim::user_socket client(host, SOCK_STREAM);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), 0);
        EXPECT_EQ(client.send("data"), 4);
        client.recv();
    });
    const sim::segment first = peer.next();
    for (int i = 0; i < 4; i++) {
        EXPECT_EQ(peer.next(60 * second).flags, tcp_syn);
    }
    net::wire::tcp_options echo = peer.syn_options;
    echo.timestamp_echo =
        first.options.timestamp_value; // as whoever has answered the first, fifteen seconds ago
    peer.send({.flags = tcp_syn | tcp_ack, .options = echo});
    sim::segment data = peer.next(second);
    while (data.payload.empty()) {
        data = peer.next(second);
    }
    EXPECT_EQ(peer.next(4 * second).payload, "data"); // RFC 6298 §5.7: three seconds
    peer.send({.flags = tcp_rst | tcp_ack});
    world.run_for(millisecond);
}

TEST_F(tcp_timer, an_ack_that_was_lost_ends_the_patience_that_its_loss_has_cost) {
    peer.syn_options.sack_permitted = true;
    call(65535, [&](sim::user_socket& client) {
        EXPECT_EQ(client.send("x"), 1);
        EXPECT_EQ(client.recv().data, "next");
        EXPECT_EQ(client.send("y"), 1);
        client.recv();
    });
    const sim::segment first = peer.next();
    for (int i = 0; i < 5; i++) {
        EXPECT_EQ(peer.next(60 * second).payload, "x");
    }
    net::wire::tcp_options told;
    told.sack_count = 1;
    told.sacks[0] = {net::wire::seq(first.seq), net::wire::seq(first.end())};
    peer.send({.flags = tcp_psh | tcp_ack, .payload = "next", .options = told});
    sim::segment next = peer.next(second);
    while (next.payload.empty()) {
        next = peer.next(second);
    }
    EXPECT_EQ(next.payload, "y");
    EXPECT_EQ(peer.next(4 * second).payload, "y");
    peer.send({.flags = tcp_rst | tcp_ack});
    world.run_for(millisecond);
}

// RFC 7323 §5.5: after so long a time a clock of one tick a millisecond may have gone half around.
TEST_F(tcp_timer, a_timestamp_is_believed_for_24_days) {
    constexpr net::port::time_ns hour = 3600 * second;
    for (const bool believed : {true, false}) {
        SCOPED_TRACE(believed);
        net::wire::tcp_options stamp;
        stamp.has_timestamp = true;
        stamp.timestamp_value = 1000;
        peer.syn_options = stamp;
        call(65535, [](sim::user_socket& client) {
            while (client.recv().result > 0) {
            }
        });
        peer.send({.flags = tcp_psh | tcp_ack, .payload = "new", .options = stamp});
        EXPECT_EQ(peer.next().ack, peer.seq);
        world.run_for(24 * 24 * hour + (believed ? -hour : hour));
        const uint32_t before = peer.seq;
        stamp.timestamp_value = 999;
        peer.send({.flags = tcp_psh | tcp_ack, .payload = "old?", .options = stamp});
        const sim::segment answer = peer.next();
        EXPECT_EQ(answer.ack, believed ? before : peer.seq);
        EXPECT_EQ(answer.options.timestamp_echo, believed ? 1000u : 999u);
        peer.send({.flags = tcp_rst, .seq = answer.ack});
        world.run_for(millisecond);
    }
}

/// The peer takes its window back while a segment is in flight, and goes on answering each copy of it.
struct tcp_closed_over_flight : tcp_timer {
    uint32_t start = 0;
    long outcome = 1;

    void call_and_close_the_window(int user_timeout_ms = 0) {
        call(5000, [this, user_timeout_ms](sim::user_socket& client) {
            EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms), 0);
            EXPECT_EQ(client.send("data"), 4);
            outcome = client.recv().result;
        });
        start = peer.next().seq;
        peer.send({.ack = start, .window = 0});
    }
    /// Answers copies until the time is over or none comes.
    void answer_for(net::port::time_ns duration) {
        const net::port::time_ns end = world.now() + duration;
        while (world.now() < end && peer.try_next(130 * second)) {
            peer.send({.ack = start, .window = 0});
        }
    }
};

TEST_F(tcp_closed_over_flight, is_no_reason_to_give_up_while_the_peer_answers) {
    call_and_close_the_window();
    answer_for(1500 * second);
    EXPECT_EQ(outcome, 1);
    peer.send({.ack = start, .window = 5000}); // and then has all the time that any segment has
    EXPECT_EQ(peer.next(2 * second).payload, "data");
    EXPECT_EQ(peer.next(10 * second).payload, "data");
    EXPECT_EQ(outcome, 1);
    peer.send({.flags = tcp_fin | tcp_ack, .ack = start + 4, .window = 5000});
    world.run_for(millisecond);
    EXPECT_EQ(outcome, 0);
}

TEST_F(tcp_closed_over_flight, ends_when_the_peer_falls_silent) {
    call_and_close_the_window();
    answer_for(1500 * second);
    EXPECT_EQ(outcome, 1);
    while (peer.try_next(130 * second)) {
    }
    EXPECT_EQ(outcome, -ETIMEDOUT);
}

TEST_F(tcp_closed_over_flight, ends_at_the_users_timeout_without_progress) {
    call_and_close_the_window(30000);
    const net::port::time_ns before = world.now();
    answer_for(60 * second);
    EXPECT_EQ(outcome, -ETIMEDOUT);
    EXPECT_LT(world.now() - before, 170 * second);
}

TEST_F(tcp_timer, a_window_closed_over_the_flight_of_an_orphan_does_not_hold_it) {
    call(5000, [](sim::user_socket& client) { EXPECT_EQ(client.send("data"), 4); });
    const uint32_t start = peer.next().seq;
    for (int i = 0; i < 30; i++) {
        peer.send({.ack = start, .window = 0});
        if (!peer.try_next(130 * second)) {
            break;
        }
    }
    EXPECT_EQ(host.stack().live_socks, 0u);
}

/// A program writes to a peer whose window is closed, and once more a minute later.
struct tcp_probing : tcp_timer {
    long outcome = 0;

    void write_to_a_closed_window(int user_timeout_ms = 0) {
        call(0, [this, user_timeout_ms](sim::user_socket& client) {
            EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms), 0);
            EXPECT_EQ(client.send(std::string(1200, 'x')), 1200);
            client.poll(POLLHUP, 60 * second);
            const long sent = client.send(std::string(1200, 'y'));
            outcome = sent < 0 ? sent : client.recv().result;
        });
    }
    void answer_probes(int times) {
        for (int i = 0; i < times; i++) {
            EXPECT_EQ(peer.next(60 * second).payload, "");
            peer.send({.window = 0});
        }
    }
    void TearDown() override {
        peer.send({.flags = tcp_rst | tcp_ack});
        world.run_for(millisecond);
    }
};

TEST_F(tcp_probing, leaves_its_backoff_behind_when_the_window_opens_a_little) {
    write_to_a_closed_window();
    answer_probes(6);
    peer.send({.window = 600}); // less than waits
    const sim::segment first = peer.next(millisecond), last = peer.next(millisecond);
    EXPECT_EQ(last.end() - first.seq, 600u);
    EXPECT_EQ(peer.next(second).seq, first.seq); // lost: RFC 6298 §5.1, and no more
    peer.send({.window = 5000});
    peer.next();
}

TEST_F(tcp_probing, begins_anew_when_the_window_closes_again) {
    write_to_a_closed_window(20000);
    answer_probes(4);
    const uint32_t start = peer.received;
    peer.send({.window = 600});
    while (peer.received - start < 1200) {
        peer.next(second);
        peer.send({.window = 600});
    }
    peer.send({.window = 0});
    peer.expect_silence(50 * second);
    answer_probes(4);
    EXPECT_EQ(outcome, 0);
}

// RFC 9293 §3.8.6.1, MUST-37: of probes without an answer the fifth would be the last.
TEST_F(tcp_probing, goes_on_for_as_long_as_the_peer_answers) {
    ASSERT_EQ(sim::write_sysctl(host, "ipv4/tcp_retries2", "5"), 0);
    write_to_a_closed_window();
    const uint32_t start = peer.received;
    answer_probes(40);
    EXPECT_EQ(outcome, 0);
    peer.send({.window = 5000});
    while (outcome == 0 && peer.received - start < 2400) {
        peer.next(second);
    }
    peer.send({.flags = tcp_fin | tcp_ack});
    world.run_for(millisecond);
    EXPECT_EQ(outcome, 0);
}

TEST_F(tcp_probing, ends_when_the_users_timeout_is_over) {
    write_to_a_closed_window(10000);
    answer_probes(1);
    const net::port::time_ns first = world.now();
    while (world.now() - first < 9900 * millisecond) {
        if (peer.try_next(100 * millisecond)) {
            peer.send({.window = 0});
        }
    }
    EXPECT_EQ(outcome, 0);
    world.run_for(first + 10100 * millisecond - world.now());
    EXPECT_EQ(outcome, -ETIMEDOUT);
}

} // namespace
