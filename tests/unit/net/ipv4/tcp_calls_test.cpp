// What programs see of TCP by the flags and options of their calls. Where standards are silent the answers
// are Linux's (tests/differential asks both).

#include "kernel/abi/files.h"
#include "kernel/abi/tcp.h"
#include "net/ipv4/tcp.hpp"
#include "tcp_states.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

TEST_F(tcp_states, peeking_waits_for_all) {
    serve([&](sim::user_socket& child) {
        EXPECT_EQ(child.recv(10, MSG_PEEK | MSG_WAITALL).data, "0123456789");
        EXPECT_EQ(child.recv(20, MSG_PEEK | MSG_WAITALL).data, "0123456789abc"); // then the end comes
        EXPECT_EQ(child.recv(20).data, "0123456789abc");
        sockets.push_back(std::move(child));
    });
    peer->connect();
    for (const char* piece : {"0123", "4567", "89abc"}) {
        peer->send({.flags = psh_ack, .payload = piece});
        world.run_for(second);
    }
    EXPECT_TRUE(sockets.empty());
    peer->send({.flags = fin_ack});
    world.run_for(millisecond);
    EXPECT_EQ(sockets.size(), 1u);
}

TEST_F(tcp_states, peeking_goes_on_although_another_has_read) {
    serve([&](sim::user_socket& child) {
        sockets.push_back(std::move(child));
        EXPECT_EQ(sockets[0].recv(6, MSG_PEEK | MSG_WAITALL).data, "012345"); // as on Linux
        EXPECT_EQ(sockets[0].recv(6).data, "4567");
    });
    peer->connect();
    peer->send({.flags = psh_ack, .payload = "0123"});
    world.spawn("other reader", [&] { EXPECT_EQ(sockets[0].recv(4).data, "0123"); });
    world.run_for(millisecond);
    peer->send({.flags = psh_ack, .payload = "4567"});
    world.run_for(millisecond);
}

TEST_F(tcp_states, a_writer_waits_while_too_much_is_not_sent) {
    serve([&](sim::user_socket& child) {
        EXPECT_EQ(child.set_option(IPPROTO_TCP, TCP_NOTSENT_LOWAT, 2000), 0);
        EXPECT_EQ(child.send(std::string(3000, 'x')), 3000); // of which the window lets 1000 leave
        EXPECT_EQ(child.send("y", MSG_DONTWAIT), -EAGAIN);
        EXPECT_EQ(child.poll(POLLOUT, 0), 0);
        EXPECT_EQ(child.send("z"), 1);
        sockets.push_back(std::move(child));
    });
    peer->window = 1000;
    peer->connect();
    EXPECT_EQ(peer->next().payload.size(), 500u);
    EXPECT_EQ(peer->next().payload.size(), 500u);
    EXPECT_TRUE(sockets.empty());
    peer->send({});
    EXPECT_EQ(sockets.size(), 1u);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_states, quick_acks_are_not_for_ever) {
    serve_and_keep();
    peer->connect();
    ASSERT_EQ(sockets[0].set_option(IPPROTO_TCP, TCP_QUICKACK, 1), 0);
    EXPECT_EQ(sockets[0].get_option(IPPROTO_TCP, TCP_QUICKACK), 1);
    for (int round = 0; round < 3; round++) {
        peer->send({.flags = psh_ack, .payload = "question"});
        EXPECT_EQ(sockets[0].recv().data, "question");
        EXPECT_EQ(sockets[0].send("answer"), 6);
        while (peer->next().payload.empty()) {
        }
        peer->send({});
    }
    EXPECT_EQ(sockets[0].get_option(IPPROTO_TCP, TCP_QUICKACK), 0);
    peer->send({.flags = psh_ack, .payload = "question"});
    peer->expect_silence(30 * millisecond); // the ACK is to ride on the answer
    EXPECT_EQ(peer->next(200 * millisecond).flags, tcp_ack);
}

TEST_F(tcp_states, quick_acks_begin_with_the_one_that_is_owed) {
    serve_and_keep();
    peer->connect();
    for (const int value : {1, 2}) {
        SCOPED_TRACE(value);
        ASSERT_EQ(sockets[0].set_option(IPPROTO_TCP, TCP_QUICKACK, 0), 0);
        peer->send({.flags = psh_ack, .payload = "x"});
        EXPECT_EQ(sockets[0].recv().data, "x");
        peer->expect_silence(30 * millisecond);
        ASSERT_EQ(sockets[0].set_option(IPPROTO_TCP, TCP_QUICKACK, value), 0);
        EXPECT_EQ(peer->next(millisecond).flags, tcp_ack);
        EXPECT_EQ(sockets[0].get_option(IPPROTO_TCP, TCP_QUICKACK), value == 1 ? 1 : 0); // even: only that
    }
}

TEST_F(tcp_states, children_have_the_options_of_their_listener) {
    constexpr int options[][3] = {
        {SOL_SOCKET, SO_DONTROUTE, 1}, {SOL_SOCKET, SO_TIMESTAMP, 1}, {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 7777}};
    sim::user_socket& listener = sockets.emplace_back(*host, SOCK_STREAM);
    for (const auto& [level, option, value] : options) {
        ASSERT_EQ(listener.set_option(level, option, value), 0);
    }
    ASSERT_EQ(listener.set_option(SOL_SOCKET, SO_PRIORITY, 3), 0);
    ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
    ASSERT_EQ(listener.listen(5), 0);
    peer->connect();
    sim::user_socket child = listener.accept();
    ASSERT_TRUE(child.ok());
    for (const auto& [level, option, value] : options) {
        EXPECT_EQ(child.get_option(level, option), value) << option;
    }
    EXPECT_EQ(child.get_option(SOL_SOCKET, SO_PRIORITY), 0); // as on Linux
}

} // namespace
