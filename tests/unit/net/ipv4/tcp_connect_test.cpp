// What becomes of a socket whose connection, or attempt at one, is over: it can be used again, and gives back
// what it took. Where standards are silent the answers are Linux's (tests/differential asks both).

#include "kernel/abi/inet.h"
#include "net/ipv4/inet_sock.hpp"
#include "net/ipv4/route.hpp"
#include "net/ipv4/tcp.hpp"
#include "net/ipv4/tcp_congestion.hpp"
#include "net/stack.hpp"
#include "tcp_states.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

TEST_F(tcp_states, a_refused_socket_may_be_bound_again) {
    world.spawn("client", [this] {
        sim::user_socket client(*host, SOCK_STREAM);
        EXPECT_EQ(client.connect("10.0.0.1", 9), -ECONNREFUSED);
        EXPECT_EQ(client.bind("10.0.0.1", 80), 0);
        EXPECT_EQ(client.bind("10.0.0.1", 81), -EINVAL);
        EXPECT_EQ(client.connect("10.0.0.1", 9), -ECONNREFUSED);
        EXPECT_EQ(client.bind("10.0.0.1", 81), -EINVAL); // a port that was asked for stays
        EXPECT_EQ(client.local_port(), 80);
    });
    world.run();
}

TEST_F(tcp_states, an_accepted_socket_gives_its_port_back_when_it_is_reset) {
    serve([this](sim::user_socket& child) {
        EXPECT_EQ(child.bind("10.0.0.1", 81), -EINVAL);
        EXPECT_EQ(child.recv().result, -ECONNRESET);
        EXPECT_EQ(child.bind("10.0.0.1", 81), 0);
        sockets.push_back(std::move(child));
    });
    peer->connect();
    peer->send({.flags = tcp_rst});
    world.run_for(millisecond);
    EXPECT_EQ(sockets.size(), 1u);
}

TEST_F(tcp_states, accept_tells_the_peer_of_a_connection_that_has_ended) {
    world.spawn("server", [this] {
        sim::user_socket listener(*host, SOCK_STREAM);
        listener.bind("10.0.0.1", 80);
        listener.listen(5);
        while ((listener.poll(POLLIN) & POLLIN) == 0) {
        }
        world.pass(second);
        sim::user_socket child = listener.accept();
        ASSERT_TRUE(child.ok());
        using which_name = net::proto_ops::which_name;
        net::socket_address address;
        EXPECT_EQ(net::sock_getname(child.get(), address, which_name::peer).error().number, ENOTCONN);
        ASSERT_TRUE(net::sock_getname(child.get(), address, which_name::accepted).ok());
        EXPECT_EQ(address.in.sin_port, lib::swap_bytes(uint16_t{1000}));
        EXPECT_EQ(child.recv().result, -ECONNRESET);
    });
    world.run_for(millisecond);
    peer->connect();
    peer->send({.flags = tcp_rst});
    world.run_for(2 * second);
}

TEST_F(tcp_states, a_dissolved_connection_leaves_nothing_to_the_next) {
    world.spawn("client", [this] {
        sim::user_socket client(*host, SOCK_STREAM);
        ASSERT_EQ(client.bind("10.0.0.1", 80), 0);
        ASSERT_EQ(client.connect("10.0.0.1", 80), 0);
        const net::tcp_sock& sk = net::as_tcp(*client.get().sk);
        EXPECT_TRUE(net::tcp_handshake_over(sk));
        EXPECT_EQ(client.send("unread"), 6);
        EXPECT_EQ(client.disconnect(), 0);
        EXPECT_FALSE(net::tcp_handshake_over(sk));
        EXPECT_EQ(client.recv().result, -ECONNRESET);
        EXPECT_EQ(client.recv().result, -ENOTCONN);
        world.pass(millisecond); // of which the next sequence number depends
        ASSERT_EQ(client.connect("10.0.0.1", 80), 0);
        EXPECT_EQ(client.send("read"), 4);
        EXPECT_EQ(client.recv().data, "read");
    });
    world.run();
}

TEST_F(tcp_states, who_is_shut_down_before_it_connects_to_itself_is_gone_at_once) {
    world.spawn("narcissus", [this] {
        sim::user_socket self(*host, SOCK_STREAM);
        ASSERT_EQ(self.bind("10.0.0.1", 5000), 0);
        EXPECT_EQ(self.shutdown(SHUT_RDWR), -ENOTCONN);
        self.set_non_blocking(true);
        EXPECT_EQ(self.connect("10.0.0.1", 5000), -EINPROGRESS);
        world.pass(second);
        EXPECT_EQ(self.connect("10.0.0.1", 5000), -ECONNABORTED);
        EXPECT_EQ(self.recv().result, -ENOTCONN); // its own FIN is no end of a file
        int readable = -1;
        EXPECT_EQ(self.ioctl(SIOCINQ, &readable), 0);
        EXPECT_EQ(readable, 0);
    });
    world.run();
}

TEST_F(tcp_states, an_attempt_that_is_shut_down_after_its_failure_must_be_dissolved) {
    world.spawn("client", [this] {
        sim::user_socket client(*host, SOCK_STREAM);
        client.set_non_blocking(true);
        EXPECT_EQ(client.connect("10.0.0.1", 9), -EINPROGRESS);
        world.pass(second);
        EXPECT_EQ(client.shutdown(SHUT_WR), -ENOTCONN);
        EXPECT_EQ(client.connect("10.0.0.1", 9), -EINVAL);
        EXPECT_EQ(client.listen(1), -EINVAL);
        EXPECT_EQ(client.disconnect(), 0);
        EXPECT_EQ(client.connect("10.0.0.1", 9), -EINPROGRESS);
        world.pass(second);
        EXPECT_EQ(client.connect("10.0.0.1", 9), -ECONNREFUSED);
    });
    world.run();
}

// RFC 9293 §3.9.1.1, MUST-43 and 44: the route would choose the address of the card that leads to the peer.
TEST_F(tcp_states, of_two_addresses_the_user_may_choose_the_other) {
    sim::nic second_card(host->stack(), 99, 0);
    ASSERT_TRUE(net::dev_open(second_card.device).ok());
    ASSERT_TRUE(net::set_interface_address(host->stack(), second_card.device, sim::address("192.168.5.1"),
                                           0xffffff00, sim::address("192.168.5.255"))
                    .ok());
    for (const char* chosen : {"0.0.0.0", "10.0.0.1", "192.168.5.1"}) {
        SCOPED_TRACE(chosen);
        const bool left_open = sim::address(chosen) == 0;
        sim::user_socket client(*host, SOCK_STREAM);
        client.set_non_blocking(true);
        ASSERT_EQ(client.bind(chosen, 5000), 0);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), -EINPROGRESS);
        const sim::segment syn = peer->next();
        EXPECT_EQ(syn.flags, tcp_syn);
        EXPECT_EQ(syn.source, left_open ? host->ip() : sim::address(chosen));
        EXPECT_EQ(syn.source_port, 5000);
        EXPECT_EQ(client.local_address(), syn.source);
    }
}

struct tcp_lost_syn : tcp_states, testing::WithParamInterface<bool> {};

TEST_P(tcp_lost_syn, says_nothing_about_the_window_of_the_connection) {
    call([this](sim::user_socket& client) { sockets.push_back(std::move(client)); });
    EXPECT_EQ(peer->next().flags, tcp_syn); // is lost
    EXPECT_EQ(peer->next().flags, tcp_syn);
    peer->syn_options.sack_permitted = GetParam();
    peer->send({.flags = syn_ack, .options = peer->syn_options});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    ASSERT_EQ(sockets.size(), 1u);
    const net::tcp_sock& sk = net::as_tcp(*sockets[0].get().sk);
    EXPECT_EQ(sk.snd_ssthresh, net::tcp_infinite_threshold); // RFC 5681 §3.1: initially high
    EXPECT_EQ(sk.recovery, net::tcp_recovery_state::open);
    EXPECT_EQ(sk.snd_cwnd, 10u);
    EXPECT_EQ(sockets[0].send("data"), 4);
    EXPECT_EQ(peer->next().payload, "data");
    peer->send({});
    EXPECT_GE(sk.snd_cwnd, 10u);
    peer->send({.flags = tcp_rst});
}

INSTANTIATE_TEST_SUITE_P(with_and_without_sack, tcp_lost_syn, testing::Bool());

TEST_F(tcp_states, the_clock_of_one_peer_is_not_told_to_the_next) {
    sim::tcp_peer other(*host, "10.0.0.8", 1001, 80);
    world.spawn("client", [this] {
        sim::user_socket client(*host, SOCK_STREAM);
        ASSERT_EQ(client.connect("10.0.0.9", 1000), 0);
        EXPECT_EQ(client.send("data"), 4);
        ASSERT_EQ(client.disconnect(), 0);
        const net::tcp_sock& sk = net::as_tcp(*client.get().sk);
        EXPECT_EQ(sk.bytes_sent + sk.segments_out + sk.segments_in + sk.data_segments_out + sk.delivered, 0u);
        client.set_non_blocking(true);
        EXPECT_EQ(client.connect("10.0.0.8", 1001), -EINPROGRESS);
        sockets.push_back(std::move(client));
    });
    world.run_for(millisecond);
    peer->syn_options.has_timestamp = true;
    peer->syn_options.timestamp_value = 7777;
    peer->accept();
    world.run_for(second);
    const sim::segment syn = other.next();
    EXPECT_EQ(syn.flags, tcp_syn);
    EXPECT_TRUE(syn.options.has_timestamp);
    EXPECT_EQ(syn.options.timestamp_echo, 0u); // RFC 7323 §3.2
}

} // namespace
