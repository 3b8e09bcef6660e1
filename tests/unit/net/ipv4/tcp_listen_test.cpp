// Listeners, the requests that they keep, and cookies (RFC 9293 §3.10.7.2, RFC 4987).

#include "kernel/abi/inet.h"
#include "kernel/abi/tcp.h"
#include "net/core/snmp.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/stack.hpp"
#include "tcp_states.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

TEST_F(tcp_states, resends_the_syn_ack_five_times) {
    serve_and_keep();
    peer->send({.flags = tcp_syn});
    for (int i = 0; i < 6; i++) {
        const net::port::time_ns before = world.now();
        EXPECT_EQ(peer->next(70 * second).flags, syn_ack);
        if (i > 0) {
            EXPECT_NEAR(static_cast<double>(world.now() - before) / 1e9, 1 << (i - 1), 0.1);
        }
    }
    peer->expect_silence(100 * second);
    EXPECT_EQ(state(), "0A");
    peer->send({}); // too late
    EXPECT_EQ(peer->next().flags, tcp_rst);
    peer->seq = peer->iss;
    peer->connect();
}

TEST_F(tcp_states, one_port_has_one_listener_unless_all_agree) {
    world.spawn("servers", [this] {
        const auto bound = [this](const char* ip, int option) {
            sim::user_socket socket(*host, SOCK_STREAM);
            EXPECT_EQ(socket.set_option(SOL_SOCKET, option, 1), 0);
            EXPECT_EQ(socket.bind(ip, option == SO_REUSEADDR ? 80 : 81), 0);
            return socket;
        };
        sim::user_socket first = bound("10.0.0.1", SO_REUSEADDR), rival = bound("10.0.0.1", SO_REUSEADDR);
        sim::user_socket all = bound("0.0.0.0", SO_REUSEADDR), local = bound("127.0.0.1", SO_REUSEADDR);
        EXPECT_EQ(first.listen(1), 0);
        EXPECT_EQ(rival.listen(1), -EADDRINUSE);
        EXPECT_EQ(all.listen(1), -EADDRINUSE);
        EXPECT_EQ(local.listen(1), 0);
        first.close();
        EXPECT_EQ(rival.listen(1), 0);
        sim::user_socket one = bound("10.0.0.1", SO_REUSEPORT), other = bound("10.0.0.1", SO_REUSEPORT);
        EXPECT_EQ(one.listen(1), 0);
        EXPECT_EQ(other.listen(1), 0);
    });
    world.run();
}

TEST_F(tcp_states, answers_a_repeated_syn_of_a_request) {
    serve_and_keep();
    peer->send({.flags = tcp_syn});
    const sim::segment first = peer->next();
    world.run_for(600 * millisecond);
    peer->send({.flags = tcp_syn, .seq = peer->iss});
    const sim::segment second_one = peer->next();
    EXPECT_EQ(second_one.flags, syn_ack);
    EXPECT_EQ(second_one.seq, first.seq);
    peer->send({});
    EXPECT_EQ(state(), "01");
}

TEST_F(tcp_states, a_reset_ends_a_request) {
    serve_and_keep();
    peer->send({.flags = tcp_syn});
    EXPECT_EQ(peer->next().flags, syn_ack);
    peer->send({.flags = tcp_rst});
    EXPECT_EQ(state(), "0A");
    peer->expect_silence(5 * second);
    peer->seq = peer->iss;
    peer->connect();
}

TEST_F(tcp_states, a_cookie_that_finds_the_accept_queue_full_may_come_again) {
    host->stack().settings.tcp_syncookies = 2; // always
    world.spawn("server", [this] {
        sockets.emplace_back(*host, SOCK_STREAM);
        ASSERT_EQ(sockets[0].bind("10.0.0.1", 80), 0);
        ASSERT_EQ(sockets[0].listen(0), 0);
    });
    world.run_for(millisecond);
    sim::tcp_peer late(*host, "10.0.0.8", 1000, 80);
    late.send({.flags = tcp_syn});
    EXPECT_EQ(late.next().flags, syn_ack);
    peer->connect(); // takes the only place
    late.send({});
    late.expect_silence(); // no reset: the peer believes that it is connected
    world.spawn("server", [this] { sockets.push_back(sockets[0].accept()); });
    world.run_for(millisecond);
    late.send({.payload = "again"});
    EXPECT_EQ(late.next().flags, tcp_ack);
    world.spawn("server", [this] { EXPECT_EQ(sockets[0].accept().recv().data, "again"); });
    world.run_for(millisecond);
}

TEST_F(tcp_states, a_late_ack_is_no_answer_to_a_cookie) {
    host->stack().settings.tcp_syncookies = 2; // always
    sim::user_socket listener(*host, SOCK_STREAM);
    world.spawn("server", [&] {
        ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
        ASSERT_EQ(listener.listen(5), 0);
        sim::user_socket child = listener.accept();
        EXPECT_EQ(child.send("four"), 4);
        EXPECT_EQ(child.recv().data, "five");
        EXPECT_EQ(child.recv().result, 0);
    });
    world.run_for(millisecond);
    peer->connect();
    EXPECT_EQ(peer->next().payload, "four");
    peer->send({.flags = psh_ack, .payload = "five"});
    peer->send({.flags = fin_ack});
    while (peer->next().flags != fin_ack) {
    }
    peer->send({});
    EXPECT_EQ(state(), "0A");
    peer->send({}); // the wire has doubled it; both sides have sent four bytes and a FIN
    EXPECT_EQ(peer->next().flags, tcp_rst);
    EXPECT_EQ(net::counted(host->stack(), net::mib::tcpext_syncookies_failed), 1u);
    sockets.push_back(std::move(listener));
}

TEST_F(tcp_states, a_flood_of_syns_is_met_with_cookies) {
    world.spawn("server", [this] {
        sim::user_socket listener(*host, SOCK_STREAM);
        ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
        ASSERT_EQ(listener.listen(200), 0);
        sim::user_socket child = listener.accept();
        EXPECT_EQ(child.recv().data, "through");
        sockets.push_back(std::move(child));
    });
    world.run_for(millisecond);
    for (uint16_t port = 2000; port < 2200; port++) {
        sim::tcp_peer flooder(*host, "10.0.0.77", port, 80);
        flooder.send({.flags = tcp_syn});
    }
    EXPECT_GT(net::counted(host->stack(), net::mib::tcpext_syncookies_sent), 50u);
    peer->syn_options.sack_permitted = true;
    peer->syn_options.has_timestamp = true;
    peer->syn_options.timestamp_value = 777;
    peer->syn_options.has_window_scale = true;
    peer->syn_options.window_scale = 9;
    peer->send({.flags = tcp_syn, .options = peer->syn_options});
    const sim::segment answer = peer->next();
    EXPECT_EQ(answer.flags, syn_ack);
    net::wire::tcp_options echo;
    echo.has_timestamp = true;
    echo.timestamp_value = 778;
    echo.timestamp_echo = answer.options.timestamp_value;
    peer->send({.ack = peer->received + 1000, .options = echo}); // a guess
    EXPECT_EQ(peer->next().flags, tcp_rst);
    peer->received = answer.end();
    peer->send({.options = echo});
    peer->send({.flags = psh_ack, .payload = "through", .options = echo});
    world.run_for(second);
    EXPECT_EQ(net::counted(host->stack(), net::mib::tcpext_syncookies_received), 1u);
    EXPECT_EQ(sockets.size(), 1u);
}

TEST_F(tcp_states, a_full_accept_queue_makes_clients_wait) {
    world.spawn("server", [this] {
        sim::user_socket listener(*host, SOCK_STREAM);
        ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
        ASSERT_EQ(listener.listen(0), 0);
        world.sleep(world.now() + 5 * second);
        for (int i = 0; i < 2; i++) {
            sockets.push_back(listener.accept());
        }
    });
    world.run_for(millisecond);
    peer->connect(); // fills the queue of backlog + 1
    sim::tcp_peer second_peer(*host, "10.0.0.9", 1001, 80);
    second_peer.send({.flags = tcp_syn});
    second_peer.expect_silence(second);
    EXPECT_EQ(drops(net::drop_reason::tcp_listen_overflow), 1u);
    world.run_for(5 * second);
    second_peer.seq = second_peer.iss;
    second_peer.connect();
    world.run_for(second);
    EXPECT_EQ(sockets.size(), 2u);
}

/// Listeners that share port 80, and clients that have sent a SYN to it.
struct tcp_reuseport : tcp_states {
    static constexpr unsigned clients = 60;
    std::deque<sim::tcp_peer> peers;

    void listen(unsigned listeners) {
        for (unsigned i = 0; i < listeners; i++) {
            sim::user_socket& fresh = sockets.emplace_back(*host, SOCK_STREAM);
            ASSERT_EQ(fresh.set_option(SOL_SOCKET, SO_REUSEPORT, 1), 0);
            ASSERT_EQ(fresh.bind("10.0.0.1", 80), 0);
            ASSERT_EQ(fresh.listen(clients), 0);
        }
        for (uint16_t i = 0; i < clients; i++) {
            peers.emplace_back(*host, "10.0.0.9", static_cast<uint16_t>(2000 + i), 80);
            peers.back().send({.flags = tcp_syn});
            EXPECT_EQ(peers.back().next().flags, syn_ack);
        }
    }
    const net::tcp_listener& listener(unsigned i) { return *net::as_tcp(*sockets[i].get().sk).listener; }
    void answer_all() {
        for (sim::tcp_peer& each : peers) {
            each.send({});
        }
    }
};

TEST_F(tcp_reuseport, listeners_share_the_clients) {
    listen(3);
    world.run_for(600 * millisecond);
    for (sim::tcp_peer& each : peers) { // who asks again meets the same one
        each.send({.flags = tcp_syn, .seq = each.iss});
        EXPECT_EQ(each.next().end(), each.received);
    }
    unsigned requests = 0;
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_GE(listener(i).request_count, clients / 6);
        requests += listener(i).request_count;
    }
    EXPECT_EQ(requests, clients);
    answer_all();
    EXPECT_EQ(listener(0).accept_count + listener(1).accept_count + listener(2).accept_count, clients);
}

TEST_F(tcp_reuseport, cookies_come_back_to_who_has_sent_them) {
    host->stack().settings.tcp_syncookies = 2; // always
    listen(2);
    answer_all();
    EXPECT_GE(listener(0).accept_count, clients / 4);
    EXPECT_GE(listener(1).accept_count, clients / 4);
    EXPECT_EQ(listener(0).accept_count + listener(1).accept_count, clients);
}

TEST_F(tcp_reuseport, a_listener_that_goes_takes_nobody_elses_clients_along) {
    listen(3);
    sockets[1].close();
    const unsigned left[] = {listener(0).request_count, listener(2).request_count};
    answer_all();
    EXPECT_EQ(listener(0).accept_count, left[0]);
    EXPECT_EQ(listener(2).accept_count, left[1]);
}

// ---- TCP_DEFER_ACCEPT ------------------------------------------------------------------------------------

/// A server whose accept() waits for data, and a client that has connected and says nothing.
struct tcp_defer_accept : tcp_states {
    void SetUp() override {
        sim::user_socket& listener = sockets.emplace_back(*host, SOCK_STREAM);
        listener.set_non_blocking(true);
        ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
        ASSERT_EQ(listener.set_option(IPPROTO_TCP, TCP_DEFER_ACCEPT, 200), 0); // eight times a SYN-ACK
        ASSERT_EQ(listener.listen(5), 0);
        peer->connect();
        EXPECT_EQ(sockets[0].accept().error(), EAGAIN);
    }
};

TEST_F(tcp_defer_accept, a_client_may_be_silent_for_long) {
    peer->expect_silence(70 * second); // longer than an ACK would be waited for
    peer->send({.flags = psh_ack, .payload = "at last"});
    EXPECT_EQ(peer->next().ack, peer->seq);
    sim::user_socket child = sockets[0].accept();
    ASSERT_TRUE(child.ok());
    EXPECT_EQ(child.recv().data, "at last");
}

TEST_F(tcp_defer_accept, in_the_end_it_is_asked_once_more) {
    peer->expect_silence(240 * second);
    EXPECT_EQ(peer->next(20 * second).flags, syn_ack);
    peer->send({});
    EXPECT_TRUE(sockets[0].accept().ok());
}

TEST_F(tcp_defer_accept, who_never_answers_is_forgotten) {
    peer->expect_silence(240 * second);
    EXPECT_EQ(peer->next(20 * second).flags, syn_ack);
    peer->expect_silence(200 * second);
    EXPECT_EQ(state(), "0A");
}

// ---- What a half-open connection believes ----------------------------------------------------------------

TEST_F(tcp_states, a_request_challenges_what_may_be_forged) {
    serve_and_keep();
    peer->send({.flags = tcp_syn});
    EXPECT_EQ(peer->next().flags, syn_ack);
    const sim::tcp_peer::say doubtful[] = {
        {.flags = tcp_rst, .seq = peer->seq + 100},        // RFC 5961 §3.2
        {.flags = tcp_syn, .seq = peer->seq + 100},        // RFC 5961 §4.2
        {.flags = tcp_syn, .seq = peer->seq + 0x40000000}, // the same, wherever it lies
        {.flags = psh_ack, .payload = "far", .seq = peer->seq + 0x40000000},
    };
    for (const sim::tcp_peer::say& each : doubtful) {
        SCOPED_TRACE(&each - doubtful);
        peer->send(each);
        const sim::segment challenge = peer->next(millisecond);
        EXPECT_EQ(challenge.flags, tcp_ack);
        EXPECT_EQ(challenge.seq, peer->received);
        EXPECT_EQ(challenge.ack, peer->seq);
        peer->send(each);
        peer->expect_silence(millisecond); // not twice within half a second
        world.run_for(600 * millisecond);
        while (peer->try_next(millisecond)) { // the SYN-ACK again, by the timer
        }
    }
    peer->send({.flags = tcp_rst, .seq = peer->seq + 0x40000000});
    peer->expect_silence(millisecond);
    EXPECT_EQ(drops(net::drop_reason::tcp_unexpected_syn), 4u);
    peer->send({});
    EXPECT_EQ(state(), "01");
}

TEST_F(tcp_states, a_reset_needs_no_timestamp_to_end_a_request) {
    serve_and_keep();
    peer->syn_options.has_timestamp = true;
    peer->syn_options.timestamp_value = 7777;
    peer->send({.flags = tcp_syn, .options = peer->syn_options});
    EXPECT_EQ(peer->next().flags, syn_ack);
    peer->syn_options.timestamp_value = 7; // RFC 7323 §5.2: a RST is not checked
    peer->send({.flags = tcp_rst, .options = peer->syn_options});
    peer->expect_silence(5 * second);
    peer->send({});
    EXPECT_EQ(peer->next().flags, tcp_rst);
    peer->seq = peer->iss;
    peer->connect();
}

TEST_F(tcp_states, a_listener_hears_only_who_is_near_enough) {
    sim::user_socket& listener = sockets.emplace_back(*host, SOCK_STREAM);
    ASSERT_EQ(listener.bind("10.0.0.1", 80), 0);
    ASSERT_EQ(listener.set_option(IPPROTO_IP, IP_MINTTL, 255), 0); // RFC 5082
    ASSERT_EQ(listener.listen(5), 0);
    peer->send({.flags = tcp_syn}); // with a TTL of 64
    peer->send({});                 // no reset either
    peer->expect_silence();
    EXPECT_EQ(drops(net::drop_reason::ip_ttl_exceeded), 2u);
    EXPECT_EQ(net::counted(host->stack(), net::mib::tcpext_min_ttl_drops), 2u);
    ASSERT_EQ(listener.set_option(IPPROTO_IP, IP_MINTTL, 64), 0);
    peer->seq = peer->iss;
    peer->connect();
    ASSERT_EQ(listener.set_option(IPPROTO_IP, IP_MINTTL, 0), 0);
    sim::user_socket child = listener.accept();
    ASSERT_TRUE(child.ok());
    EXPECT_EQ(child.get_option(IPPROTO_IP, IP_MINTTL), 64);
}

TEST_F(tcp_states, an_answer_that_was_asked_for_twice_is_no_round_trip) {
    serve_and_keep();
    peer->send({.flags = tcp_syn});
    EXPECT_EQ(peer->next().flags, syn_ack);
    world.run_for(600 * millisecond);
    peer->send({.flags = tcp_syn, .seq = peer->iss});
    EXPECT_EQ(peer->next().flags, syn_ack);
    peer->send({}); // to which of them?
    ASSERT_EQ(sockets.size(), 1u);
    const net::tcp_sock& sk = net::as_tcp(*sockets[0].get().sk);
    EXPECT_EQ(sk.srtt_us, 0u);
    EXPECT_EQ(sk.rto, 3 * second); // RFC 6298 (5.7)
    EXPECT_EQ(sk.snd_cwnd, 10u);
}

} // namespace
