// What remains of a connection when its socket is gone: FIN_WAIT_2 and TIME_WAIT (RFC 9293 §3.6, RFC 1337,
// RFC 6191).

#include "kernel/abi/inet.h"
#include "tcp_states.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

TEST_F(tcp_states, closes_first_and_waits_a_minute) {
    serve([](sim::user_socket&) {});
    peer->connect();
    EXPECT_EQ(peer->next().flags, fin_ack);
    peer->send({});
    EXPECT_EQ(state(), "05");
    peer->send({.flags = fin_ack});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    EXPECT_EQ(state(), "06");
    peer->send({.flags = tcp_rst}); // RFC 1337: ignored
    EXPECT_EQ(state(), "06");
    world.run_for(second);
    peer->send({.flags = fin_ack, .seq = peer->seq - 1}); // our last ACK was lost
    EXPECT_EQ(peer->next().ack, peer->seq);
    world.run_for(59 * second);
    EXPECT_EQ(state(), "06"); // the minute began again
    world.run_for(3 * second);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, fin_wait_2_without_a_user_ends) {
    serve([](sim::user_socket&) {});
    peer->connect();
    EXPECT_EQ(peer->next().flags, fin_ack);
    peer->send({});
    EXPECT_EQ(state(), "05");
    world.run_for(61 * second);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, time_wait_keeps_the_port_from_those_who_do_not_share) {
    serve_until_time_wait();
    world.spawn("next server", [this] {
        sim::user_socket strict(*host, SOCK_STREAM);
        EXPECT_EQ(strict.bind("10.0.0.1", 80), -EADDRINUSE);
        EXPECT_EQ(strict.set_option(SOL_SOCKET, SO_REUSEADDR, 1), 0);
        EXPECT_EQ(strict.bind("10.0.0.1", 80), 0);
        EXPECT_EQ(strict.listen(1), 0);
    });
    world.run_for(61 * second);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, a_new_syn_may_follow_time_wait) {
    serve_until_time_wait();
    serve_and_keep();
    peer->send({.flags = tcp_syn, .seq = peer->seq - 1}); // an old duplicate
    EXPECT_EQ(peer->next().flags, tcp_ack);
    EXPECT_EQ(state(), "0A 06");
    peer->seq += 100000;
    peer->connect();
    EXPECT_EQ(state(), "01");
}

TEST_F(tcp_states, a_window_does_not_shrink_in_time_wait) {
    serve([](sim::user_socket& child) {
        EXPECT_EQ(child.shutdown(SHUT_WR), 0);
        while (child.recv().result > 0) {
        }
    });
    peer->syn_options.has_window_scale = true;
    peer->send({.flags = tcp_syn, .options = peer->syn_options});
    const uint32_t scale = peer->next().options.window_scale;
    EXPECT_GT(scale, 0u);
    peer->send({});
    EXPECT_EQ(peer->next().flags, fin_ack);
    peer->send({});
    peer->send({.flags = psh_ack, .payload = "late"});
    const sim::segment before = peer->next();
    world.fail_allocation_after = 3; // the skb of the frame, its block, the ACK
    peer->send({.flags = fin_ack, .payload = " news"});
    peer->expect_silence();
    EXPECT_EQ(state(), "06");
    peer->send({.flags = fin_ack, .seq = peer->seq - 1}); // the ACK was lost
    const sim::segment after = peer->next();
    EXPECT_EQ(after.flags, tcp_ack);
    EXPECT_EQ(after.ack, before.ack + 6);
    EXPECT_GE((uint32_t{after.window} << scale) + 6, uint32_t{before.window} << scale);
}

/// A connection in FIN_WAIT_2 whose user is gone.
struct tcp_fin_wait_2_remains : tcp_states {
    void SetUp() override {
        serve([](sim::user_socket&) {});
        peer->connect();
        EXPECT_EQ(peer->next().flags, fin_ack);
        peer->send({});
        EXPECT_EQ(state(), "05");
    }
    void expect_challenge() {
        const sim::segment challenge = peer->next(millisecond);
        EXPECT_EQ(challenge.flags, tcp_ack);
        EXPECT_EQ(challenge.seq, peer->received);
        EXPECT_EQ(challenge.ack, peer->seq);
        EXPECT_EQ(state(), "05");
        world.run_for(600 * millisecond);
    }
    void expect_nothing() {
        peer->expect_silence(millisecond);
        EXPECT_EQ(state(), "05");
    }
};

TEST_F(tcp_fin_wait_2_remains, believe_a_reset_only_at_the_exact_number) {
    peer->send({.flags = tcp_rst, .seq = peer->seq + 0x40000000}); // RFC 9293 §3.10.7.4, first
    expect_nothing();
    peer->send({.flags = tcp_rst, .seq = peer->seq - 1});
    expect_nothing();
    peer->send({.flags = tcp_rst, .seq = peer->seq + 100}); // RFC 5961 §3.2
    expect_challenge();
    peer->send({.flags = tcp_rst});
    peer->expect_silence();
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_fin_wait_2_remains, challenge_a_syn) {
    peer->send({.flags = tcp_syn, .seq = peer->seq + 100}); // RFC 5961 §4.2
    expect_challenge();
    peer->send({.flags = tcp_syn, .seq = peer->seq + 0x40000000});
    expect_challenge();
}

TEST_F(tcp_fin_wait_2_remains, drop_what_has_no_ack) { // RFC 9293 §3.10.7.4, fifth
    const uint32_t start = peer->seq;
    peer->send({.flags = tcp_fin, .seq = start});
    expect_nothing();
    peer->send({.flags = tcp_psh, .payload = "data", .seq = start});
    expect_nothing();
    peer->send({.flags = tcp_fin, .seq = start - 1000});
    expect_nothing();
    peer->send({.flags = fin_ack});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    EXPECT_EQ(state(), "06");
    world.run_for(40 * second);
    peer->send({.flags = tcp_fin, .seq = start}); // nor does it begin the minute again
    peer->expect_silence(millisecond);
    world.run_for(21 * second);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_fin_wait_2_remains, drop_an_ack_of_what_was_never_sent) {
    peer->send({.flags = fin_ack, .seq = peer->seq, .ack = peer->received + 1000}); // RFC 5961 §5.2
    expect_challenge();
}

TEST_F(tcp_fin_wait_2_remains, keep_a_reset_for_data) {
    peer->send({.flags = psh_ack, .payload = "late"});
    EXPECT_EQ(peer->next().flags, tcp_rst);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, a_syn_from_too_far_away_does_not_end_time_wait) {
    serve_until_time_wait();
    sim::user_socket& listener = sockets.emplace_back(*host, SOCK_STREAM);
    ASSERT_EQ(listener.set_option(SOL_SOCKET, SO_REUSEADDR, 1), 0);
    ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
    ASSERT_EQ(listener.set_option(IPPROTO_IP, IP_MINTTL, 255), 0);
    ASSERT_EQ(listener.listen(5), 0);
    peer->send({.flags = tcp_syn, .seq = peer->seq + 100000});
    peer->expect_silence();
    EXPECT_EQ(state(), "0A 06");
}

} // namespace
