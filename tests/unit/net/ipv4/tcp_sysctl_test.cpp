// What TCP's parameters change, each seen from outside: in segments, in options of sockets, in times.

#include "net/stack.hpp"
#include "sim/host.hpp"
#include "sim/program.hpp"
#include "sim/sysctl.hpp"
#include "sim/tcp_peer.hpp"
#include "sim/world.hpp"

#include <algorithm>
#include <deque>

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

constexpr uint8_t syn_ack = tcp_syn | tcp_ack;

tcp_options all_options() {
    tcp_options options;
    options.has_mss = options.has_timestamp = options.has_window_scale = options.sack_permitted = true;
    options.mss = 1460;
    options.timestamp_value = 1000;
    options.window_scale = 5;
    return options;
}

struct tcp_sysctl : testing::Test {
    sim::world world{5};
    std::unique_ptr<sim::host> host = std::make_unique<sim::host>("10.0.0.1");
    std::unique_ptr<sim::tcp_peer> peer = std::make_unique<sim::tcp_peer>(*host, "10.0.0.9", 1000, 80);
    std::deque<sim::user_socket> sockets; ///< closed at the end; references to them stay good

    void TearDown() override {
        sockets.clear();
        peer.reset();
        world.run_for(1000 * second);
        EXPECT_EQ(host->stack().live_socks, 0u);
        host.reset();
        EXPECT_EQ(world.live_allocations, 0u);
    }

    void set(const char* name, const std::string& value) {
        ASSERT_EQ(sim::write_sysctl(*host, (std::string("ipv4/") + name).c_str(), value), 0) << name;
    }

    /// A listener of the host on port 80 with this backlog.
    sim::user_socket& listen(int backlog = 5) {
        sim::user_socket& listener = sockets.emplace_back(*host, SOCK_STREAM);
        EXPECT_EQ(listener.set_option(SOL_SOCKET, SO_REUSEADDR, 1), 0);
        EXPECT_EQ(listener.bind("10.0.0.1", 80), 0);
        EXPECT_EQ(listener.listen(backlog), 0);
        return listener;
    }
    /// A socket of the host that is on its way to the peer.
    sim::user_socket& start_connect() {
        sim::user_socket& client = sockets.emplace_back(*host, SOCK_STREAM);
        client.set_non_blocking(true);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), -EINPROGRESS);
        return client;
    }
    sim::user_socket& connect() {
        sim::user_socket& client = start_connect();
        peer->accept();
        return client;
    }
    tcp_info info(sim::user_socket& of) {
        tcp_info what = {};
        uint32_t length = sizeof(what);
        EXPECT_TRUE(net::sock_getsockopt(of.get(), IPPROTO_TCP, TCP_INFO, &what, &length).ok());
        return what;
    }
    std::string congestion(sim::user_socket& of) {
        char name[16] = {};
        uint32_t length = sizeof(name);
        EXPECT_TRUE(net::sock_getsockopt(of.get(), IPPROTO_TCP, TCP_CONGESTION, name, &length).ok());
        return name;
    }
    /// How many segments come before a silence of so long.
    int count_segments(net::port::time_ns patience) {
        int count = 0;
        while (peer->try_next(patience)) {
            count++;
        }
        return count;
    }
};

// ---- what a SYN offers -----------------------------------------------------------------------------------

TEST_F(tcp_sysctl, each_option_of_our_syn_can_be_switched_off) {
    const struct {
        const char* name;
        bool tcp_options::*shown;
    } switches[] = {{"tcp_timestamps", &tcp_options::has_timestamp},
                    {"tcp_sack", &tcp_options::sack_permitted},
                    {"tcp_window_scaling", &tcp_options::has_window_scale}};
    for (const auto& off : switches) {
        SCOPED_TRACE(off.name);
        set(off.name, "0");
        sim::user_socket& client = start_connect();
        const sim::segment syn = peer->next();
        for (const auto& other : switches) {
            EXPECT_EQ(syn.options.*other.shown, &other != &off);
        }
        // A peer that answers with everything gets no more than was offered.
        peer->send({.flags = syn_ack, .options = all_options()});
        const sim::segment ack = peer->next();
        EXPECT_EQ(ack.options.has_timestamp, off.shown != &tcp_options::has_timestamp);
        const tcp_info agreed = info(client);
        EXPECT_EQ((agreed.tcpi_options & TCPI_OPT_TIMESTAMPS) != 0, off.shown != &tcp_options::has_timestamp);
        EXPECT_EQ((agreed.tcpi_options & TCPI_OPT_SACK) != 0, off.shown != &tcp_options::sack_permitted);
        EXPECT_EQ((agreed.tcpi_options & TCPI_OPT_WSCALE) != 0, off.shown != &tcp_options::has_window_scale);
        EXPECT_EQ(agreed.tcpi_snd_wscale, off.shown != &tcp_options::has_window_scale ? 5 : 0);
        set(off.name, "1");
        peer->send({.flags = tcp_rst | tcp_ack});
    }
}

TEST_F(tcp_sysctl, each_option_of_our_syn_ack_can_be_switched_off) {
    listen();
    const struct {
        const char* name;
        bool tcp_options::*shown;
    } switches[] = {{"tcp_timestamps", &tcp_options::has_timestamp},
                    {"tcp_sack", &tcp_options::sack_permitted},
                    {"tcp_window_scaling", &tcp_options::has_window_scale}};
    for (const auto& off : switches) {
        SCOPED_TRACE(off.name);
        set(off.name, "0");
        peer->send({.flags = tcp_syn, .options = all_options()});
        const sim::segment answer = peer->next();
        for (const auto& other : switches) {
            EXPECT_EQ(answer.options.*other.shown, &other != &off);
        }
        set(off.name, "1");
        peer->send({.flags = tcp_rst});
    }
}

TEST_F(tcp_sysctl, the_maximum_of_rmem_fixes_the_scale) {
    const struct {
        const char* rmem;
        const char* rmem_max;
        int scale;
    } cases[] = {{"4096 131072 6291456", "212992", 7}, {"4096 131072 33554432", "212992", 10},
                 {"4096 131072 65536", "212992", 2},   {"4096 131072 65536", "65535", 1},
                 {"4096 32768 65535", "65535", 0},     {"4096 131072 2147483647", "212992", 14},
                 {"4096 8388608 65536", "212992", 6}};
    for (const auto& each : cases) {
        SCOPED_TRACE(each.rmem);
        set("tcp_rmem", each.rmem);
        ASSERT_EQ(sim::write_sysctl(*host, "core/rmem_max", each.rmem_max), 0);
        start_connect();
        const sim::segment syn = peer->next();
        EXPECT_TRUE(syn.options.has_window_scale);
        EXPECT_EQ(syn.options.window_scale, each.scale);
        peer->send({.flags = tcp_rst | tcp_ack, .seq = 0});
    }
}

TEST_F(tcp_sysctl, buffers_start_with_the_middle_of_rmem_and_wmem) {
    set("tcp_rmem", "4096 20000 6291456");
    set("tcp_wmem", "4096 30000 4194304");
    sim::user_socket& client = start_connect();
    EXPECT_EQ(client.get_option(SOL_SOCKET, SO_RCVBUF), 20000);
    EXPECT_EQ(client.get_option(SOL_SOCKET, SO_SNDBUF), 30000);
    EXPECT_EQ(peer->next().window, 10000 / 1460 * 1460); // half is for payload, in whole segments
}

TEST_F(tcp_sysctl, window_clamp_bounds_window_and_scale) {
    sim::user_socket& client = sockets.emplace_back(*host, SOCK_STREAM);
    client.set_non_blocking(true);
    ASSERT_EQ(client.set_option(IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000), 0);
    ASSERT_EQ(client.connect("10.0.0.9", 1000), -EINPROGRESS);
    const sim::segment syn = peer->next();
    EXPECT_EQ(syn.options.window_scale, 0);
    EXPECT_EQ(syn.window, 20000 / 1460 * 1460);
}

// ---- how often, how long ---------------------------------------------------------------------------------

TEST_F(tcp_sysctl, syn_retries) {
    set("tcp_syn_retries", "2");
    sim::user_socket& client = start_connect();
    EXPECT_EQ(client.get_option(IPPROTO_TCP, TCP_SYNCNT), 2);
    EXPECT_EQ(count_segments(20 * second), 3);
    EXPECT_EQ(client.get_option(SOL_SOCKET, SO_ERROR), ETIMEDOUT);
}

TEST_F(tcp_sysctl, the_users_syn_count_comes_first) {
    set("tcp_syn_retries", "5");
    sim::user_socket& client = sockets.emplace_back(*host, SOCK_STREAM);
    client.set_non_blocking(true);
    ASSERT_EQ(client.set_option(IPPROTO_TCP, TCP_SYNCNT, 1), 0);
    ASSERT_EQ(client.connect("10.0.0.9", 1000), -EINPROGRESS);
    EXPECT_EQ(count_segments(20 * second), 2);
}

// RFC 9293 MUST-23: who wants R2 of a SYN to be three minutes has to ask for it.
TEST_F(tcp_sysctl, seven_syn_retries_last_three_minutes) {
    for (const bool asked : {false, true}) {
        SCOPED_TRACE(asked);
        set("tcp_syn_retries", asked ? "7" : "6");
        const net::port::time_ns start = world.now();
        sim::user_socket& client = start_connect();
        for (int i = 0; i < (asked ? 8 : 7); i++) {
            EXPECT_EQ(peer->next(70 * second).flags, tcp_syn);
        }
        world.run_for(180 * second - (world.now() - start));
        EXPECT_EQ(info(client).tcpi_state, asked ? TCP_SYN_SENT : TCP_CLOSE);
        world.run_for(100 * second);
        EXPECT_EQ(client.get_option(SOL_SOCKET, SO_ERROR), ETIMEDOUT);
    }
}

TEST_F(tcp_sysctl, synack_retries) {
    set("tcp_synack_retries", "1");
    listen();
    peer->send({.flags = tcp_syn});
    EXPECT_EQ(count_segments(20 * second), 2);
    set("tcp_synack_retries", "0");
    peer->seq = peer->iss;
    peer->send({.flags = tcp_syn});
    EXPECT_EQ(count_segments(20 * second), 1);
}

TEST_F(tcp_sysctl, retries2_bounds_the_time_for_data) {
    set("tcp_retries2", "3"); // 0.2 + 0.4 + 0.8 + 1.6 s, against 15 minutes
    sim::user_socket& client = connect();
    ASSERT_EQ(client.send("lost"), 4);
    const net::port::time_ns start = world.now();
    while (info(client).tcpi_state == TCP_ESTABLISHED && world.now() < start + 100 * second) {
        world.run_for(10 * millisecond);
    }
    EXPECT_NEAR(static_cast<double>(world.now() - start) / 1e9, 3.0, 3.0);
    EXPECT_EQ(client.get_option(SOL_SOCKET, SO_ERROR), ETIMEDOUT);
}

TEST_F(tcp_sysctl, orphan_retries_bounds_the_time_after_close) {
    set("tcp_orphan_retries", "1");
    sim::user_socket& client = connect();
    ASSERT_EQ(client.send("lost"), 4);
    client.close();
    world.run_for(5 * second); // against 15 minutes
    EXPECT_EQ(host->stack().live_socks, 0u);
}

TEST_F(tcp_sysctl, fin_timeout_ends_fin_wait_2) {
    set("tcp_fin_timeout", "3");
    sim::user_socket& client = connect();
    EXPECT_EQ(client.get_option(IPPROTO_TCP, TCP_LINGER2), 3);
    client.close();
    EXPECT_EQ(peer->next().flags, tcp_fin | tcp_ack);
    peer->send({});
    world.run_for(2500 * millisecond);
    peer->send({.flags = tcp_ack, .seq = peer->seq - 1}); // answered while it lasts
    EXPECT_TRUE(peer->try_next(millisecond).has_value());
    world.run_for(second);
    peer->send({.flags = tcp_fin | tcp_ack});
    EXPECT_EQ(peer->next().flags, tcp_rst);
}

TEST_F(tcp_sysctl, keepalive) {
    set("tcp_keepalive_time", "10");
    set("tcp_keepalive_intvl", "2");
    set("tcp_keepalive_probes", "3");
    sim::user_socket& client = connect();
    EXPECT_EQ(client.get_option(IPPROTO_TCP, TCP_KEEPIDLE), 10);
    EXPECT_EQ(client.get_option(IPPROTO_TCP, TCP_KEEPINTVL), 2);
    EXPECT_EQ(client.get_option(IPPROTO_TCP, TCP_KEEPCNT), 3);
    ASSERT_EQ(client.set_option(SOL_SOCKET, SO_KEEPALIVE, 1), 0);
    const net::port::time_ns start = world.now();
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(peer->next(20 * second).seq, peer->received - 1);
        EXPECT_NEAR(static_cast<double>(world.now() - start) / 1e9, 10 + 2 * i, 0.1);
    }
    EXPECT_EQ(peer->next(20 * second).flags, tcp_rst | tcp_ack);
    EXPECT_NEAR(static_cast<double>(world.now() - start) / 1e9, 16, 0.1);
}

// ---- congestion ------------------------------------------------------------------------------------------

TEST_F(tcp_sysctl, congestion_control_of_new_sockets) {
    sim::user_socket& early = sockets.emplace_back(*host, SOCK_STREAM);
    set("tcp_congestion_control", "reno");
    sim::user_socket& late = sockets.emplace_back(*host, SOCK_STREAM);
    EXPECT_EQ(congestion(early), "cubic");
    EXPECT_EQ(congestion(late), "reno");
}

TEST_F(tcp_sysctl, children_get_the_listeners_choice_or_the_parameter) {
    for (const bool chosen : {false, true}) {
        SCOPED_TRACE(chosen);
        sim::user_socket& listener = listen();
        if (chosen) {
            ASSERT_EQ(listener.set_option(IPPROTO_TCP, TCP_CONGESTION, "cubic", 5), 0);
        }
        set("tcp_congestion_control", "reno");
        peer->connect();
        listener.set_non_blocking(true);
        sim::user_socket child = listener.accept();
        ASSERT_TRUE(child.ok());
        EXPECT_EQ(congestion(child), chosen ? "cubic" : "reno");
        peer->send({.flags = tcp_rst});
        child.close();
        sockets.clear();
        set("tcp_congestion_control", "cubic");
        peer->seq = peer->iss;
    }
}

TEST_F(tcp_sysctl, slow_start_after_idle) {
    for (const bool on : {true, false}) {
        SCOPED_TRACE(on);
        set("tcp_slow_start_after_idle", on ? "1" : "0");
        sim::user_socket& client = connect();
        for (int round = 0; round < 2; round++) {
            const uint32_t window = info(client).tcpi_snd_cwnd;
            const std::string burst(536 * window, 'x');
            ASSERT_EQ(client.send(burst), static_cast<long>(burst.size()));
            while (peer->try_next(millisecond)) {
            }
            peer->received += static_cast<uint32_t>(burst.size());
            peer->send({});
        }
        EXPECT_GE(info(client).tcpi_snd_cwnd, 40u);
        world.run_for(100 * second);
        const uint32_t before = info(client).tcpi_snd_cwnd;
        ASSERT_EQ(client.send("x"), 1);
        EXPECT_EQ(info(client).tcpi_snd_cwnd, on ? 10u : before); // RFC 5681 §4.1 with the window of RFC 6928
        EXPECT_EQ(peer->next().payload, "x");
        peer->send({.flags = tcp_rst});
    }
}

TEST_F(tcp_sysctl, reordering_sets_the_threshold_of_fast_retransmit) {
    set("tcp_reordering", "5");
    sim::user_socket& client = connect();
    EXPECT_EQ(info(client).tcpi_reordering, 5u);
    ASSERT_EQ(client.send(std::string(536 * 8, 'x')), 536 * 8);
    const sim::segment first = peer->next();
    while (peer->try_next(millisecond)) {
    }
    for (int duplicate = 1; duplicate <= 5; duplicate++) {
        EXPECT_FALSE(peer->try_next(millisecond).has_value());
        peer->send({.flags = tcp_ack, .ack = first.seq});
    }
    EXPECT_EQ(peer->next(millisecond).seq, first.seq);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_sysctl, dsack_tells_duplicates) {
    for (const bool on : {true, false}) {
        set("tcp_dsack", on ? "1" : "0");
        peer->syn_options = all_options();
        peer->syn_options.has_timestamp = false;
        sim::user_socket& client = connect();
        const uint32_t start = peer->seq;
        peer->send({.payload = "once"});
        while (peer->try_next(second)) {
        }
        peer->send({.payload = "once", .seq = start});
        EXPECT_EQ(peer->next().options.sack_count, on ? 1u : 0u);
        EXPECT_EQ(client.recv().data, "once");
        peer->send({.flags = tcp_rst});
    }
}

// ---- floods ----------------------------------------------------------------------------------------------

/// SYNs from many ports until the listener's queue is full; how many were answered.
int flood(sim::host& host, int count) {
    int answered = 0;
    for (int i = 0; i < count; i++) {
        sim::tcp_peer one(host, "10.0.0.9", static_cast<uint16_t>(2000 + i), 80);
        one.send({.flags = tcp_syn});
        answered += one.try_next(millisecond).has_value() ? 1 : 0;
    }
    return answered;
}

TEST_F(tcp_sysctl, max_syn_backlog_bounds_half_open_connections) {
    listen(100);
    set("tcp_syncookies", "0");
    set("tcp_max_syn_backlog", "20");
    EXPECT_EQ(flood(*host, 30), 20);
    EXPECT_EQ(host->drops(net::drop_reason::tcp_listen_overflow), 10u);
}

TEST_F(tcp_sysctl, syncookies) {
    listen(8);
    EXPECT_EQ(flood(*host, 12), 12); // cookies from the ninth on
    EXPECT_NE(host->report("netstat").find("SyncookiesSent"), std::string::npos);
    world.run_for(100 * second);
    set("tcp_syncookies", "2");
    const auto before = host->stack().live_socks;
    EXPECT_EQ(flood(*host, 1), 1);
    world.run_for(10 * second);
    EXPECT_EQ(host->stack().live_socks, before);
    peer->send({.flags = tcp_syn});
    EXPECT_EQ(peer->next().flags, syn_ack);
    peer->expect_silence(30 * second); // nothing was kept that could be sent again
    peer->send({});
    peer->send({.payload = "hello"});
    EXPECT_EQ(peer->next().ack, peer->seq);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_sysctl, abort_on_overflow_resets) {
    set("tcp_abort_on_overflow", "1");
    sim::user_socket& listener = listen(0);
    EXPECT_TRUE(listener.ok());
    sim::tcp_peer first(*host, "10.0.0.9", 3000, 80);
    peer->send({.flags = tcp_syn});
    EXPECT_EQ(peer->next().flags, syn_ack);
    first.connect(); // takes the only place meanwhile
    peer->send({});
    EXPECT_EQ(peer->next().flags, tcp_rst);
    first.send({.flags = tcp_rst});
}

TEST_F(tcp_sysctl, max_tw_buckets) {
    set("tcp_max_tw_buckets", "0");
    sim::user_socket& client = connect();
    client.close();
    EXPECT_EQ(peer->next().flags, tcp_fin | tcp_ack);
    peer->send({.flags = tcp_fin | tcp_ack});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    peer->send({.flags = tcp_fin | tcp_ack, .seq = peer->seq - 1}); // TIME_WAIT would repeat its ACK
    EXPECT_EQ(peer->next().flags, tcp_rst);
}

TEST_F(tcp_sysctl, max_orphans) {
    set("tcp_max_orphans", "0");
    sim::user_socket& client = connect();
    ASSERT_EQ(client.send("x"), 1);
    EXPECT_EQ(peer->next().payload, "x");
    client.close();
    sim::segment last = peer->next();
    if ((last.flags & tcp_fin) != 0) {
        last = peer->next();
    }
    EXPECT_EQ(last.flags, tcp_rst | tcp_ack);
}

TEST_F(tcp_sysctl, rfc1337) {
    for (const bool on : {true, false}) {
        SCOPED_TRACE(on);
        set("tcp_rfc1337", on ? "1" : "0");
        sim::user_socket& client = connect();
        client.close();
        EXPECT_EQ(peer->next().flags, tcp_fin | tcp_ack);
        peer->send({.flags = tcp_fin | tcp_ack});
        EXPECT_EQ(peer->next().flags, tcp_ack);
        peer->send({.flags = tcp_rst});
        peer->send({.flags = tcp_fin | tcp_ack, .seq = peer->seq - 1});
        EXPECT_EQ(peer->next().flags, on ? tcp_ack : tcp_rst);
    }
}

// ---- IP --------------------------------------------------------------------------------------------------

TEST_F(tcp_sysctl, default_ttl) {
    set("ip_default_ttl", "99");
    sim::user_socket& client = start_connect();
    EXPECT_EQ(client.get_option(IPPROTO_IP, IP_TTL), 99);
    peer->next();
    EXPECT_EQ(host->card->sent.back()[14 + 8], 99);
    ASSERT_EQ(client.set_option(IPPROTO_IP, IP_TTL, 7), 0);
    peer->send({.flags = syn_ack});
    peer->next();
    EXPECT_EQ(host->card->sent.back()[14 + 8], 7);
    ASSERT_EQ(client.set_option(IPPROTO_IP, IP_TTL, -1), 0);
    set("ip_default_ttl", "30");
    EXPECT_EQ(client.get_option(IPPROTO_IP, IP_TTL), 30);
    peer->send({.flags = tcp_rst});
}

TEST_F(tcp_sysctl, local_port_range) {
    set("ip_local_port_range", "40000 40002");
    std::vector<uint16_t> ports;
    for (int i = 0; i < 3; i++) {
        sim::user_socket& bound = sockets.emplace_back(*host, SOCK_STREAM);
        ASSERT_EQ(bound.bind("10.0.0.1", 0), 0);
        ports.push_back(bound.local_port());
    }
    std::sort(ports.begin(), ports.end());
    EXPECT_EQ(ports, (std::vector<uint16_t>{40000, 40001, 40002}));
    EXPECT_EQ(sim::user_socket(*host, SOCK_STREAM).bind("10.0.0.1", 0), -EADDRINUSE);
    sockets.clear();
    for (const uint16_t port : {40000, 40001}) {
        EXPECT_EQ(sockets.emplace_back(*host, SOCK_STREAM).bind("10.0.0.1", port), 0);
    }
    EXPECT_EQ(start_connect().local_port(), 40002);
    sim::user_socket late(*host, SOCK_STREAM);
    set("ip_local_port_range", "40000 40001");
    EXPECT_EQ(late.connect("10.0.0.9", 1000), -EADDRNOTAVAIL);
}

TEST_F(tcp_sysctl, unprivileged_port_start) {
    world.administrator = false;
    sim::user_socket& web = sockets.emplace_back(*host, SOCK_STREAM);
    EXPECT_EQ(web.bind("10.0.0.1", 80), -EACCES);
    set("ip_unprivileged_port_start", "80");
    EXPECT_EQ(web.bind("10.0.0.1", 80), 0);
}

} // namespace
