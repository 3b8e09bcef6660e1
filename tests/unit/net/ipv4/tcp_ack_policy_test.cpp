// When an ACK goes by itself and when it waits for company.

#include "net/ipv4/tcp_ack_policy.hpp"

#include "net/ipv4/tcp_timer.hpp"
#include "tcp_states.hpp"

namespace {

using net::port::millisecond;
using net::port::second;

// RFC 9293 §3.10.7.4, MUST-58. The first ACK is a quick one, from then on it is a conversation.
TEST_F(tcp_states, an_ack_rides_on_the_answer) {
    constexpr net::port::time_ns thinking = 20 * millisecond;
    static_assert(thinking < net::tcp_delayed_ack_minimum);
    serve([this](sim::user_socket& child) {
        while (child.recv().result > 0) {
            world.pass(thinking);
            EXPECT_EQ(child.send("answer"), 6);
        }
    });
    peer->connect();
    peer->send({.flags = psh_ack, .payload = "question"});
    EXPECT_EQ(peer->next(millisecond).payload, "");
    EXPECT_EQ(peer->next(second).payload, "answer");
    for (int i = 0; i < 5; i++) {
        peer->send({.flags = psh_ack, .payload = "question"});
        const sim::segment answer = peer->next(second);
        EXPECT_EQ(answer.payload, "answer");
        EXPECT_EQ(answer.ack, peer->seq);
        peer->send({});
        peer->expect_silence();
    }
    peer->send({.flags = fin_ack});
    EXPECT_EQ(peer->next().ack, peer->seq);
}

} // namespace
