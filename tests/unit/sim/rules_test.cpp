// The rules that a simulation checks after every step: each is broken on purpose once, and noticed.

#include "sim/rules.hpp"

#include "kernel/lib/container_of.hpp"
#include "net/ipv4/tcp_table.hpp"
#include "sim/packet.hpp"
#include "sim/program.hpp"
#include "unit/sim/with.hpp"

#include <optional>

namespace {

using namespace net::port;

/// A connection with data under way, at rest out of order and unread, frozen for a look.
class rules : public testing::Test {
protected:
    rules() {
        wire.filter = [this](sim::host& from, sim::frame& bytes) {
            return &from != &client || sim::ip_of(bytes) == nullptr || ++packets != hole;
        };
        world.spawn("server", [this] {
            sim::user_socket listener(server, SOCK_STREAM);
            listener.bind("0.0.0.0", 80);
            listener.listen(1);
            accepted.emplace(listener.accept());
        });
        world.spawn("client", [this] {
            sim::user_socket socket(client, SOCK_STREAM);
            socket.connect("10.0.0.2", 80);
            sending.emplace(std::move(socket));
        });
        world.run();
        world.spawn("client", [this] {
            hole = packets + 2; // the second segment is lost: the receiver has a hole
            EXPECT_EQ(sending->send(std::string(8000, 'x')), 8000);
        });
        world.run();
    }
    ~rules() {
        accepted.reset();
        sending.reset();
    }

    void let_segments_arrive() {
        while (only_connection(server).out_of_order.empty()) {
            world.run_for(100 * microsecond);
        }
    }

    static net::tcp_sock& only_connection(sim::host& of) {
        for (auto& bucket : of.stack().tcp->connections) {
            for (net::tcp_endpoint& entry : bucket) {
                return lib::container_of(entry, &net::tcp_sock::endpoint);
            }
        }
        std::abort();
    }

    /// What the rules say of a connection.
    std::string verdict(const net::tcp_sock& sk) const {
        const char* broken = sim::broken_rule(sk, world.now());
        return broken != nullptr ? broken : "";
    }

    sim::world world;
    sim::host client{"10.0.0.1"};
    sim::host server{"10.0.0.2"};
    sim::wire wire{client, server, {.delay = millisecond}};
    unsigned packets = 0;
    unsigned hole = 0;
    std::optional<sim::user_socket> accepted;
    std::optional<sim::user_socket> sending;
};

TEST_F(rules, of_the_send_side) {
    net::tcp_sock& sk = only_connection(client);
    const auto ask = [&] { return verdict(sk); };
    ASSERT_FALSE(sk.retransmit_queue.empty());
    EXPECT_EQ(ask(), "");
    EXPECT_EQ(with(sk.snd_una, sk.snd_nxt + 1, ask), "not snd_una <= snd_nxt <= write_seq");
    EXPECT_EQ(with(sk.write_seq, sk.snd_nxt - 1, ask), "not snd_una <= snd_nxt <= write_seq");
    EXPECT_EQ(with(sk.packets_out, 0u, ask),
              "packets_out does not tell whether the retransmit queue is empty");
    EXPECT_EQ(with(sk.lost_out, sk.packets_out + 1, ask),
              "more segments are sacked, lost or retransmitted than sent");
    EXPECT_EQ(with(sk.queued_memory, sk.queued_memory + 1, ask),
              "queued_memory is not what is queued to be sent");
    EXPECT_EQ(with(sk.packets_out, sk.packets_out + 1, ask),
              "the counts of segments are not those of the retransmit queue");
    EXPECT_EQ(with(sk.retransmit_queue.front()->tcp.end_seq, sk.snd_una - 1, ask),
              "a send queue is out of order");
    EXPECT_EQ(with(sk.retransmit_queue.back()->tcp.end_seq, sk.snd_nxt + 1, ask),
              "the retransmit queue does not end at snd_nxt");
    EXPECT_EQ(ask(), "");
}

TEST_F(rules, of_the_length_of_queues) {
    net::tcp_sock& sk = only_connection(client);
    sk.retransmit_queue.adjust_bytes(1);
    EXPECT_EQ(verdict(sk), "a send queue is not as long as it says");
    sk.retransmit_queue.adjust_bytes(-1);
    EXPECT_EQ(verdict(sk), "");
}

TEST_F(rules, of_the_receive_side) {
    let_segments_arrive();
    net::tcp_sock& sk = only_connection(server);
    const auto ask = [&] { return verdict(sk); };
    ASSERT_FALSE(sk.receive_queue.empty());
    ASSERT_NE(sk.range_count, 0u);
    EXPECT_EQ(ask(), "");
    EXPECT_EQ(with(sk.copied_seq, sk.rcv_nxt + 1, ask), "not copied_seq, rcv_wup <= rcv_nxt");
    EXPECT_EQ(with(sk.receive_memory, sk.receive_memory - 1, ask),
              "receive_memory is not what is queued to be read");
    EXPECT_EQ(with(sk.receive_queue.back()->tcp.end_seq, sk.rcv_nxt + 1, ask),
              "the receive queue goes beyond rcv_nxt");
    EXPECT_EQ(with(sk.rcv_nxt, sk.out_of_order.front()->tcp.seq, ask), "what is out of order is next");
    EXPECT_EQ(with(sk.ranges[0].end, sk.ranges[0].end + 1, ask),
              "the ranges are not those of the out-of-order queue");
    EXPECT_EQ(with(sk.range_count, uint16_t{0}, ask), "the ranges end before the out-of-order queue");
    EXPECT_EQ(ask(), "");
}

TEST_F(rules, of_timers) {
    net::tcp_sock& sk = only_connection(client);
    const auto ask = [&] { return verdict(sk); };
    EXPECT_EQ(with(sk.retransmit_timer.deadline, never, ask), "data is unacknowledged and no timer runs");
    EXPECT_EQ(with(sk.timer_purpose, net::tcp_timer_purpose::none, ask),
              "data is unacknowledged and the timer runs for nothing");
    EXPECT_EQ(with(sk.retransmit_timer.deadline, world.now() - 10 * millisecond, ask), "a timer is overdue");
    EXPECT_EQ(with(sk.ack_pending, uint8_t{net::tcp_ack_timer}, ask), "an ACK is delayed and no timer runs");
}

} // namespace
