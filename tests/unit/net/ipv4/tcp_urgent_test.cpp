// The urgent mark (RFC 9293 §3.8.5, RFC 6093): where a reader finds it, and where a sender points.

#include "net/stack.hpp"
#include "tcp_states.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

TEST_F(tcp_states, urgent_byte_is_set_aside) {
    serve([&](sim::user_socket& child) {
        while ((child.poll(POLLPRI, second) & POLLPRI) == 0) {
        }
        EXPECT_EQ(child.recv(10, MSG_OOB).data, "!");
        EXPECT_EQ(child.recv(10).data, "ab"); // up to the mark
        int at_mark = 0;
        EXPECT_EQ(child.ioctl(SIOCATMARK, &at_mark), 0);
        EXPECT_EQ(at_mark, 1);
        EXPECT_EQ(child.recv(10).data, "cd");
        EXPECT_EQ(child.recv(10, MSG_OOB).result, -EINVAL);
        sockets.push_back(std::move(child));
    });
    peer->connect();
    peer->send({.flags = psh_ack | tcp_urg, .payload = "ab!cd", .urgent = 3});
    world.run_for(millisecond);
    ASSERT_EQ(sockets.size(), 1u);
}

TEST_F(tcp_states, peeking_steps_over_the_urgent_byte_too) {
    serve([&](sim::user_socket& child) {
        EXPECT_EQ(child.recv(10, MSG_PEEK).data, "ab");
        EXPECT_EQ(child.recv(10).data, "ab");
        EXPECT_EQ(child.recv(1, MSG_PEEK).data, "c");
        EXPECT_EQ(child.recv(10, MSG_PEEK).data, "cd");
        EXPECT_EQ(child.recv(10).data, "cd");
        sockets.push_back(std::move(child));
    });
    peer->connect();
    peer->send({.flags = psh_ack | tcp_urg, .payload = "ab!cd", .urgent = 3});
    world.run_for(millisecond);
    ASSERT_EQ(sockets.size(), 1u);
}

TEST_F(tcp_states, an_urgent_mark_stays_where_it_is_in_segments_that_a_card_has_cut) {
    sim::host sender("10.0.0.3", 24,
                     net::feature_transmit_checksum | net::feature_scatter_gather |
                         net::feature_segmentation);
    sim::tcp_peer far(sender, "10.0.0.9", 1000, 80);
    world.spawn("server", [&] {
        sim::user_socket listener(sender, SOCK_STREAM);
        ASSERT_EQ(listener.bind("10.0.0.3", 80), 0);
        ASSERT_EQ(listener.listen(5), 0);
        sim::user_socket child = listener.accept();
        EXPECT_EQ(child.send(std::string(8 * 536, 'x')), 8 * 536);
        EXPECT_EQ(child.send("!", MSG_OOB), 1);
        child.poll(POLLPRI, 10 * second);
    });
    world.run_for(millisecond);
    far.syn_options.sack_permitted = true;
    far.connect();
    const uint32_t start = far.received;
    const uint32_t mark = start + 8 * 536 + 1;
    for (unsigned i = 0; i < 9; i++) {
        far.next();
    }
    net::wire::tcp_options sacks;
    sacks.sack_count = 1;
    sacks.sacks[0] = {net::wire::seq(mark - 1609), net::wire::seq(mark)};
    far.send({.ack = start, .options = sacks}); // four at once: as many may leave
    unsigned urgent = 0;
    for (std::optional<sim::segment> again = far.try_next(millisecond); again;
         again = far.try_next(millisecond)) {
        ASSERT_NE(again->flags & tcp_urg, 0);
        EXPECT_EQ(again->seq + again->urgent, mark);
        urgent++;
    }
    EXPECT_GE(urgent, 2u);
    far.send({.flags = tcp_rst});
    world.run_for(second);
}

TEST_F(tcp_states, close_tells_the_peer_of_unread_data_behind_the_mark) {
    for (const bool more : {true, false}) {
        SCOPED_TRACE(more);
        serve([&](sim::user_socket& child) {
            child.poll(POLLPRI);
            world.pass(second);
            if (!more) {
                EXPECT_EQ(child.recv(1, MSG_OOB).data, "!");
            }
        });
        peer->connect();
        peer->send({.flags = psh_ack | tcp_urg, .payload = "!", .urgent = 1});
        if (more) {
            peer->send({.flags = psh_ack, .payload = "hello"});
        }
        sim::segment last = peer->next();
        while (last.flags == tcp_ack) {
            last = peer->next();
        }
        EXPECT_EQ(last.flags, more ? tcp_rst | tcp_ack : fin_ack); // RFC 1122 §4.2.2.13
        peer->send({.flags = tcp_rst});
        peer = std::make_unique<sim::tcp_peer>(*host, "10.0.0.9", 1001, 80);
    }
}

} // namespace
