// Explicit congestion notification (RFC 3168) against a peer that the test plays: who agrees to what, which
// segments may be marked, what a mark does on both sides.

#include "net/ipv4/tcp_ecn.hpp"

#include "net/stack.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"
#include "sim/sysctl.hpp"
#include "sim/tcp_peer.hpp"
#include "sim/world.hpp"

#include <deque>

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

constexpr uint8_t syn_ack = tcp_syn | tcp_ack;
constexpr uint8_t ecn_setup = tcp_ece | tcp_cwr;
constexpr uint32_t mss = 536; ///< of a peer that names none

struct tcp_ecn : testing::Test {
    sim::world world{9};
    std::unique_ptr<sim::host> host = std::make_unique<sim::host>("10.0.0.1");
    std::unique_ptr<sim::tcp_peer> peer = std::make_unique<sim::tcp_peer>(*host, "10.0.0.9", 1000, 80);
    std::deque<sim::user_socket> sockets;

    void TearDown() override {
        sockets.clear();
        peer.reset();
        world.run_for(1000 * second);
        EXPECT_EQ(host->stack().live_socks, 0u);
        host.reset();
        EXPECT_EQ(world.live_allocations, 0u);
    }

    void set_ecn(const char* value) { ASSERT_EQ(sim::write_sysctl(*host, "ipv4/tcp_ecn", value), 0); }
    sim::user_socket& start_connect() {
        sim::user_socket& client = sockets.emplace_back(*host, SOCK_STREAM);
        client.set_non_blocking(true);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), -EINPROGRESS);
        return client;
    }
    /// A connection that agreed on ECN.
    sim::user_socket& connect() {
        set_ecn("1");
        sim::user_socket& client = start_connect();
        EXPECT_EQ(peer->next().flags, tcp_syn | ecn_setup);
        peer->send({.flags = syn_ack | tcp_ece});
        EXPECT_EQ(peer->next().flags, tcp_ack);
        return client;
    }
    sim::user_socket& listen() {
        sim::user_socket& listener = sockets.emplace_back(*host, SOCK_STREAM);
        EXPECT_EQ(listener.bind("10.0.0.1", 80), 0);
        EXPECT_EQ(listener.listen(5), 0);
        listener.set_non_blocking(true);
        return listener;
    }
    tcp_info info(sim::user_socket& of) {
        tcp_info what = {};
        uint32_t length = sizeof(what);
        EXPECT_TRUE(net::sock_getsockopt(of.get(), IPPROTO_TCP, TCP_INFO, &what, &length).ok());
        return what;
    }
    bool agreed(sim::user_socket& of) { return (info(of).tcpi_options & TCPI_OPT_ECN) != 0; }
};

// ---- Agreement (§6.1.1) ----------------------------------------------------------------------------------

TEST_F(tcp_ecn, only_1_offers) {
    for (const char* value : {"0", "1", "2"}) {
        SCOPED_TRACE(value);
        set_ecn(value);
        start_connect();
        const sim::segment syn = peer->next();
        EXPECT_EQ(syn.flags, *value == '1' ? tcp_syn | ecn_setup : tcp_syn);
        EXPECT_EQ(syn.tos & net::ip_ecn_mask, net::ip_ecn_not_ect);
        peer->send({.flags = tcp_rst | tcp_ack, .seq = 0});
    }
}

TEST_F(tcp_ecn, the_client_takes_only_an_ecn_setup_answer) {
    set_ecn("1");
    for (const int answer : {0, int{tcp_ece}, int{tcp_cwr}, int{ecn_setup}}) {
        SCOPED_TRACE(answer);
        sim::user_socket& client = start_connect();
        peer->next();
        peer->send({.flags = static_cast<uint8_t>(syn_ack | answer)});
        EXPECT_EQ(peer->next().flags, tcp_ack);
        EXPECT_EQ(agreed(client), answer == tcp_ece);
        ASSERT_EQ(client.send("x"), 1);
        EXPECT_EQ(peer->next().tos, answer == tcp_ece ? net::ip_ecn_ect_0 : net::ip_ecn_not_ect);
        peer->send({.flags = tcp_rst});
    }
}

TEST_F(tcp_ecn, what_was_not_offered_is_not_agreed_on) {
    sim::user_socket& client = start_connect();
    EXPECT_EQ(peer->next().flags, tcp_syn);
    peer->send({.flags = syn_ack | tcp_ece});
    peer->next();
    EXPECT_FALSE(agreed(client));
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_ecn, a_repeated_syn_offers_nothing) {
    set_ecn("1");
    sim::user_socket& client = start_connect();
    EXPECT_EQ(peer->next().flags, tcp_syn | ecn_setup);
    EXPECT_EQ(peer->next().flags, tcp_syn);
    EXPECT_EQ(peer->next().flags, tcp_syn);
    peer->send({.flags = syn_ack}); // of a peer, or a way to it, that cannot
    peer->next();
    EXPECT_FALSE(agreed(client));
    peer->send({.flags = tcp_rst});
    ASSERT_EQ(sim::write_sysctl(*host, "ipv4/tcp_ecn_fallback", "0"), 0);
    start_connect();
    EXPECT_EQ(peer->next().flags, tcp_syn | ecn_setup);
    EXPECT_EQ(peer->next().flags, tcp_syn | ecn_setup);
    peer->send({.flags = tcp_rst | tcp_ack, .seq = 0});
}

TEST_F(tcp_ecn, the_server_agrees_unless_told_not_to) {
    sim::user_socket& listener = listen();
    for (const char* value : {"0", "1", "2"}) {
        for (const int asked : {0, int{tcp_ece}, int{tcp_cwr}, int{ecn_setup}}) {
            SCOPED_TRACE(std::string(value) + " " + std::to_string(asked));
            set_ecn(value);
            const bool expected = *value != '0' && asked == ecn_setup;
            peer->send({.flags = static_cast<uint8_t>(tcp_syn | asked)});
            const sim::segment answer = peer->next();
            EXPECT_EQ(answer.flags, expected ? syn_ack | tcp_ece : syn_ack);
            EXPECT_EQ(answer.tos, net::ip_ecn_not_ect);
            peer->send({});
            sim::user_socket child = listener.accept();
            ASSERT_TRUE(child.ok());
            EXPECT_EQ(agreed(child), expected);
            peer->send({.flags = tcp_rst});
        }
    }
}

TEST_F(tcp_ecn, a_markable_syn_is_not_believed) {
    listen();
    for (const uint8_t mark : {net::ip_ecn_ect_0, net::ip_ecn_ect_1, net::ip_ecn_ce}) {
        peer->send({.flags = tcp_syn | ecn_setup, .tos = mark});
        EXPECT_EQ(peer->next().flags, syn_ack);
        peer->send({.flags = tcp_rst});
    }
}

TEST_F(tcp_ecn, a_cookie_remembers_the_agreement) {
    ASSERT_EQ(sim::write_sysctl(*host, "ipv4/tcp_syncookies", "2"), 0);
    sim::user_socket& listener = listen();
    tcp_options stamp;
    stamp.has_timestamp = true;
    for (const bool asked : {true, false}) {
        stamp.timestamp_value++;
        peer->send({.flags = static_cast<uint8_t>(tcp_syn | (asked ? ecn_setup : 0)), .options = stamp});
        const sim::segment answer = peer->next();
        EXPECT_EQ(answer.flags, asked ? syn_ack | tcp_ece : syn_ack);
        tcp_options echo = stamp;
        echo.timestamp_echo = answer.options.timestamp_value;
        peer->send({.options = echo});
        sim::user_socket child = listener.accept();
        ASSERT_TRUE(child.ok());
        EXPECT_EQ(agreed(child), asked);
        peer->send({.flags = tcp_rst});
    }
}

TEST_F(tcp_ecn, both_open_at_once) {
    set_ecn("1");
    sim::user_socket& client = start_connect();
    EXPECT_EQ(peer->next().flags, tcp_syn | ecn_setup);
    peer->send({.flags = tcp_syn | ecn_setup});
    EXPECT_EQ(peer->next().flags, syn_ack | tcp_ece);
    peer->send({});
    EXPECT_TRUE(agreed(client));
    peer->send({.flags = tcp_rst});
}

// ---- What may be marked (§6.1.2 to §6.1.6) ---------------------------------------------------------------

TEST_F(tcp_ecn, only_new_data_may_be_marked) {
    sim::user_socket& client = connect();
    ASSERT_EQ(client.set_option(IPPROTO_IP, IP_TOS, 0x10), 0);
    ASSERT_EQ(client.send("data"), 4);
    EXPECT_EQ(peer->next().tos, 0x10 | net::ip_ecn_ect_0);
    const sim::segment again = peer->next(); // the retransmission
    EXPECT_EQ(again.payload, "data");
    EXPECT_EQ(again.tos, 0x10);
    peer->send({.payload = "answer"});
    const sim::segment ack = peer->next();
    EXPECT_EQ(ack.payload, "");
    EXPECT_EQ(ack.tos, 0x10);
    client.shutdown(SHUT_WR);
    EXPECT_EQ(peer->next().tos, 0x10); // a FIN without data
    peer->send({.flags = tcp_rst});
}

// ---- The receiver (§6.1.3) -------------------------------------------------------------------------------

TEST_F(tcp_ecn, a_mark_is_echoed_until_the_sender_answers) {
    sim::user_socket& client = connect();
    peer->send({.payload = "a", .tos = net::ip_ecn_ect_0});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    peer->send({.payload = "b", .tos = net::ip_ecn_ce});
    EXPECT_EQ(peer->next().flags, tcp_ack | tcp_ece);
    EXPECT_NE(info(client).tcpi_options & TCPI_OPT_ECN_SEEN, 0);
    peer->send({.payload = "c", .tos = net::ip_ecn_ect_0});
    EXPECT_EQ(peer->next().flags, tcp_ack | tcp_ece);
    ASSERT_EQ(client.send("x"), 1);
    EXPECT_EQ(peer->next().flags, tcp_psh | tcp_ack | tcp_ece); // on data too
    peer->send({.flags = tcp_ack | tcp_cwr, .payload = "d", .tos = net::ip_ecn_ect_0});
    EXPECT_EQ(peer->next(millisecond).flags, tcp_ack);                               // and at once
    peer->send({.flags = tcp_ack | tcp_cwr, .payload = "e", .tos = net::ip_ecn_ce}); // marked anew
    EXPECT_EQ(peer->next().flags, tcp_ack | tcp_ece);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_ecn, marks_outside_the_window_say_nothing) {
    connect();
    peer->send({.payload = "a", .tos = net::ip_ecn_ect_0});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    peer->send({.payload = "a", .seq = peer->seq - 1, .tos = net::ip_ecn_ce}); // seen before
    EXPECT_EQ(peer->next().flags, tcp_ack);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_ecn, without_an_agreement_marks_are_noise) {
    sim::user_socket& client = start_connect();
    peer->accept();
    peer->send({.payload = "a", .tos = net::ip_ecn_ce});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    ASSERT_EQ(client.send(std::string(4 * mss, 'x')), static_cast<long>(4 * mss));
    const uint32_t window = info(client).tcpi_snd_cwnd;
    while (peer->try_next(millisecond)) {
    }
    peer->received += 4 * mss;
    peer->send({.flags = tcp_ack | tcp_ece});
    EXPECT_GE(info(client).tcpi_snd_cwnd, window);
    peer->send({.flags = tcp_rst});
}

// ---- The sender (§6.1.2) ---------------------------------------------------------------------------------

TEST_F(tcp_ecn, an_echo_reduces_the_window_once_per_flight) {
    ASSERT_EQ(sim::write_sysctl(*host, "ipv4/tcp_congestion_control", "reno"), 0);
    sim::user_socket& client = connect();
    ASSERT_EQ(client.send(std::string(10 * mss, 'x')), static_cast<long>(10 * mss));
    const sim::segment first = peer->next();
    while (peer->try_next(millisecond)) {
    }
    for (uint32_t i = 1; i <= 9; i++) { // each tells of the same mark
        peer->send({.flags = tcp_ack | tcp_ece, .ack = first.seq + i * mss});
    }
    EXPECT_EQ(info(client).tcpi_snd_ssthresh, 5u);
    EXPECT_EQ(info(client).tcpi_ca_state, 2); // TCP_CA_CWR
    EXPECT_EQ(info(client).tcpi_total_retrans, 0u);
    EXPECT_EQ(info(client).tcpi_delivered_ce, 9u);
    ASSERT_EQ(client.send(std::string(mss, 'y')), static_cast<long>(mss));
    const sim::segment answer = peer->next();
    EXPECT_EQ(answer.flags & ecn_setup, tcp_cwr);
    EXPECT_EQ(answer.tos, net::ip_ecn_ect_0);
    peer->send({.ack = answer.end()});
    EXPECT_EQ(info(client).tcpi_ca_state, 0);
    EXPECT_EQ(info(client).tcpi_snd_cwnd, 5u);
    ASSERT_EQ(client.send(std::string(3 * mss, 'z')), static_cast<long>(3 * mss));
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(peer->next().flags & ecn_setup, 0); // CWR was said once
    }
    peer->send({.flags = tcp_ack | tcp_ece}); // the next flight
    EXPECT_EQ(info(client).tcpi_snd_ssthresh, 2u);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_ecn, only_the_first_segment_after_a_reduction_says_so) {
    sim::user_socket& client = connect();
    ASSERT_EQ(client.send(std::string(2 * mss, 'x')), static_cast<long>(2 * mss));
    const sim::segment first = peer->next();
    peer->next();
    ASSERT_EQ(client.send(std::string(8 * mss, 'y')), static_cast<long>(8 * mss));
    while (peer->try_next(millisecond)) {
    }
    peer->send({.flags = tcp_ack | tcp_ece, .ack = first.end()});
    peer->send({.ack = first.seq + 10 * mss});
    ASSERT_EQ(client.send(std::string(6 * mss, 'z')),
              static_cast<long>(6 * mss)); // one packet with several segments
    int with_cwr = 0;
    while (const std::optional<sim::segment> next = peer->try_next(millisecond)) {
        with_cwr += (next->flags & tcp_cwr) != 0 ? 1 : 0;
    }
    EXPECT_EQ(with_cwr, 1);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_ecn, a_loss_is_answered_with_cwr_too) {
    sim::user_socket& client = connect();
    ASSERT_EQ(client.send(std::string(mss, 'x')), static_cast<long>(mss));
    EXPECT_EQ(peer->next().flags & tcp_cwr, 0);
    const sim::segment again = peer->next(); // after the timeout
    EXPECT_EQ(again.flags & tcp_cwr, 0);     // never on a retransmission
    peer->send({.ack = again.end()});
    ASSERT_EQ(client.send(std::string(mss, 'y')), static_cast<long>(mss));
    EXPECT_EQ(peer->next().flags & tcp_cwr, tcp_cwr);
    peer->send({.flags = tcp_rst});
}

} // namespace
