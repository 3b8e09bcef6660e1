// One stack against a peer that the test plays: what each segment does in each state (RFC 9293 §3.10.7, RFC
// 5961).

#include "net/core/snmp.hpp"
#include "net/stack.hpp"
#include "tcp_states.hpp"

namespace {

using namespace net::wire;
using net::port::millisecond;
using net::port::second;

TEST_F(tcp_states, refuses_a_syn_to_a_closed_port) {
    peer->send({.flags = tcp_syn});
    const sim::segment reset = peer->next();
    EXPECT_EQ(reset.flags, tcp_rst | tcp_ack);
    EXPECT_EQ(reset.seq, 0u);
    EXPECT_EQ(reset.ack, peer->seq);
    EXPECT_EQ(drops(net::drop_reason::tcp_no_socket), 1u);
}

TEST_F(tcp_states, answers_an_ack_to_a_closed_port_with_its_number) {
    peer->send({.flags = tcp_ack, .ack = 12345});
    const sim::segment reset = peer->next();
    EXPECT_EQ(reset.flags, tcp_rst);
    EXPECT_EQ(reset.seq, 12345u);
}

TEST_F(tcp_states, never_answers_a_reset) {
    peer->send({.flags = tcp_rst});
    peer->send({.flags = tcp_rst | tcp_ack, .ack = 5});
    peer->expect_silence();
}

TEST_F(tcp_states, opens_passively_and_closes_after_the_peer) {
    serve([](sim::user_socket& child) {
        EXPECT_EQ(child.recv().data, "question");
        EXPECT_EQ(child.send("answer"), 6);
        EXPECT_EQ(child.recv().result, 0);
    });
    peer->connect();
    EXPECT_EQ(state(), "0A 01");
    peer->send({.flags = psh_ack, .payload = "question"});
    sim::segment answer = peer->next();
    EXPECT_EQ(answer.ack, peer->seq);
    if (answer.payload.empty()) {
        answer = peer->next();
    }
    EXPECT_EQ(answer.payload, "answer");
    EXPECT_EQ(answer.flags, psh_ack);
    peer->send({.flags = fin_ack});
    sim::segment fin = peer->next();
    if ((fin.flags & tcp_fin) == 0) {
        EXPECT_EQ(fin.ack, peer->seq);
        fin = peer->next();
    }
    EXPECT_EQ(fin.flags, fin_ack);
    EXPECT_EQ(state(), "09");
    peer->send({});
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, opens_actively_from_its_own_address_though_bound_to_all) {
    for (const char* all : {"10.0.0.255", "255.255.255.255", "239.1.2.3"}) {
        world.spawn("client", [&] {
            sim::user_socket client(*host, SOCK_STREAM);
            EXPECT_EQ(client.bind(all, 80), 0);
            EXPECT_EQ(client.connect("10.0.0.9", 1000), -ECONNREFUSED);
        });
        const sim::segment syn = peer->next();
        EXPECT_EQ(syn.source, host->ip());
        EXPECT_FALSE(syn.bad_checksum);
        peer->send({.flags = tcp_rst | tcp_ack});
        world.run_for(millisecond);
    }
}

TEST_F(tcp_states, opens_actively_and_gives_up_after_six_retries) {
    long outcome = 0;
    world.spawn("client", [&] {
        sim::user_socket client(*host, SOCK_STREAM);
        outcome = client.connect("10.0.0.9", 1000);
    });
    const sim::segment syn = peer->next();
    EXPECT_EQ(syn.flags, tcp_syn);
    EXPECT_EQ(syn.options.mss, 1460);
    EXPECT_TRUE(syn.options.sack_permitted && syn.options.has_timestamp && syn.options.has_window_scale);
    for (int i = 0; i < 6; i++) {
        const net::port::time_ns before = world.now();
        EXPECT_EQ(peer->next(70 * second).seq, syn.seq);
        EXPECT_NEAR(static_cast<double>(world.now() - before) / 1e9, 1 << i, 0.1);
    }
    peer->expect_silence(70 * second);
    EXPECT_EQ(outcome, -ETIMEDOUT);
}

TEST_F(tcp_states, a_refused_connect_says_so) {
    long outcome = 0;
    world.spawn("client", [&] {
        sim::user_socket client(*host, SOCK_STREAM);
        outcome = client.connect("10.0.0.9", 1000);
    });
    peer->next();
    peer->send({.flags = tcp_rst, .seq = 0}); // without an ACK: not believed
    world.run_for(millisecond);
    EXPECT_EQ(outcome, 0);
    peer->send({.flags = tcp_rst | tcp_ack, .seq = 0, .ack = peer->received + 1}); // of something else
    world.run_for(millisecond);
    EXPECT_EQ(outcome, 0);
    peer->send({.flags = tcp_rst | tcp_ack, .seq = 0});
    world.run_for(millisecond);
    EXPECT_EQ(outcome, -ECONNREFUSED);
}

TEST_F(tcp_states, opens_simultaneously) {
    call([this](sim::user_socket& client) {
        EXPECT_EQ(client.send("hi"), 2);
        sockets.push_back(std::move(client));
    });
    const sim::segment syn = peer->next();
    EXPECT_EQ(syn.flags, tcp_syn);
    peer->send({.flags = tcp_syn});
    const sim::segment answer = peer->next();
    EXPECT_EQ(answer.flags, syn_ack);
    EXPECT_EQ(answer.seq, syn.seq);
    EXPECT_EQ(answer.ack, peer->seq);
    peer->send({.flags = syn_ack, .seq = peer->iss});
    sim::segment data = peer->next();
    EXPECT_EQ(data.payload, "hi");
    EXPECT_EQ(state(), "01");
}

TEST_F(tcp_states, takes_data_after_a_shutdown_in_the_middle_of_a_simultaneous_open) {
    std::string got;
    world.spawn("client", [&] {
        sim::user_socket client(*host, SOCK_STREAM);
        client.bind("10.0.0.1", 80);
        client.set_non_blocking(true);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), -EINPROGRESS);
        client.poll(POLLPRI, second); // until the SYNs have crossed
        EXPECT_EQ(client.shutdown(SHUT_WR), 0);
        client.set_non_blocking(false);
        got = client.recv().data;
    });
    const sim::segment syn = peer->next();
    net::wire::tcp_options stamps;
    stamps.has_timestamp = true;
    stamps.timestamp_value = 7;
    peer->send({.flags = tcp_syn, .ack = 0, .options = stamps});
    EXPECT_EQ(peer->next().flags, syn_ack);
    EXPECT_EQ(peer->next().flags, fin_ack);
    world.run_for(10 * millisecond); // what the echo says about the round trip tunes the receive buffer
    stamps.timestamp_echo = syn.options.timestamp_value;
    peer->send({.flags = psh_ack, .payload = std::string(1000, 'd'), .ack = syn.seq + 1, .options = stamps});
    world.run_for(second);
    EXPECT_EQ(got, std::string(1000, 'd'));
    peer->send({.flags = tcp_rst});
    world.run_for(millisecond);
}

TEST_F(tcp_states, connects_to_itself) {
    world.spawn("narcissus", [this] {
        sim::user_socket self(*host, SOCK_STREAM);
        ASSERT_EQ(self.bind("10.0.0.1", 5000), 0);
        ASSERT_EQ(self.connect("10.0.0.1", 5000), 0);
        EXPECT_EQ(self.send("echo"), 4);
        EXPECT_EQ(self.recv().data, "echo");
        EXPECT_EQ(self.shutdown(SHUT_WR), 0);
        EXPECT_EQ(self.recv().result, 0);
    });
    world.run();
}

TEST_F(tcp_states, closes_simultaneously) {
    serve([](sim::user_socket&) {});
    peer->connect();
    const sim::segment fin = peer->next();
    EXPECT_EQ(fin.flags, fin_ack);
    EXPECT_EQ(state(), "04");
    peer->send({.flags = fin_ack, .ack = fin.seq}); // ours not seen yet
    const sim::segment ack = peer->next();
    EXPECT_EQ(ack.flags, tcp_ack);
    EXPECT_EQ(ack.ack, peer->seq);
    EXPECT_EQ(state(), "0B");
    peer->send({});
    EXPECT_EQ(state(), "06");
    world.run_for(61 * second);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, half_close_lets_data_come) {
    std::string got;
    serve([&](sim::user_socket& child) {
        EXPECT_EQ(child.shutdown(SHUT_WR), 0);
        EXPECT_EQ(child.send("no", MSG_NOSIGNAL), -EPIPE);
        while (true) {
            const sim::received more = child.recv();
            if (more.result <= 0) {
                break;
            }
            got += more.data;
        }
    });
    peer->connect();
    EXPECT_EQ(peer->next().flags, fin_ack);
    peer->send({});
    peer->send({.flags = psh_ack, .payload = "late"});
    peer->send({.flags = psh_ack, .payload = " news"});
    peer->send({.flags = fin_ack});
    world.run_for(millisecond);
    EXPECT_EQ(got, "late news");
    EXPECT_EQ(state(), "06");
}

TEST_F(tcp_states, a_fin_without_memory_goes_with_data_that_are_sent_again) {
    serve([&](sim::user_socket& child) {
        EXPECT_EQ(child.send("data"), 4);
        world.fail_allocation_after = 1;
    });
    peer->connect();
    const sim::segment first = peer->next();
    EXPECT_EQ(first.flags, psh_ack);
    const sim::segment again = peer->next();
    EXPECT_EQ(again.flags, psh_ack | tcp_fin);
    EXPECT_EQ(again.seq, first.seq);
    EXPECT_EQ(again.payload, "data");
    peer->send({});
    EXPECT_EQ(state(), "05");
}

TEST_F(tcp_states, unread_data_turns_close_into_a_reset) {
    serve([this](sim::user_socket&) { world.sleep(world.now() + second); });
    peer->connect();
    peer->send({.flags = psh_ack, .payload = "nobody reads this"});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    const sim::segment reset = peer->next();
    EXPECT_EQ(reset.flags, tcp_rst | tcp_ack);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, data_after_close_is_reset) {
    serve([](sim::user_socket&) {});
    peer->connect();
    EXPECT_EQ(peer->next().flags, fin_ack);
    peer->send({.flags = psh_ack, .payload = "anybody there?"});
    EXPECT_EQ(peer->next().flags & tcp_rst, tcp_rst);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, linger_zero_resets) {
    serve([](sim::user_socket& child) {
        const linger at_once = {.l_onoff = 1, .l_linger = 0};
        EXPECT_EQ(child.set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    });
    peer->connect();
    EXPECT_EQ(peer->next().flags, tcp_rst | tcp_ack);
    EXPECT_EQ(state(), "");
}

TEST_F(tcp_states, believes_a_reset_only_at_the_exact_number) {
    serve_and_keep();
    peer->connect();
    peer->send({.flags = tcp_rst, .seq = peer->seq + 100}); // in the window: challenge
    EXPECT_EQ(peer->next().flags, tcp_ack);
    peer->send({.flags = tcp_rst, .seq = peer->seq - 100}); // outside: nothing
    peer->expect_silence();
    EXPECT_EQ(state(), "01");
    peer->send({.flags = tcp_rst});
    world.run_for(millisecond);
    EXPECT_EQ(state(), "");
    const sim::received end = sockets[0].recv();
    EXPECT_EQ(end.result, -ECONNRESET);
    EXPECT_EQ(sockets[0].recv().result, 0);
    EXPECT_EQ(sockets[0].send("x"), -EPIPE);
}

TEST_F(tcp_states, challenges_a_syn_in_a_connection) {
    serve_and_keep();
    peer->connect();
    peer->send({.flags = tcp_syn, .seq = peer->seq});
    sim::segment ack = peer->next();
    EXPECT_EQ(ack.flags, tcp_ack);
    EXPECT_EQ(ack.ack, peer->seq);
    for (int i = 0; i < 10; i++) {
        peer->send({.flags = tcp_syn, .seq = peer->seq + 7});
    }
    peer->expect_silence(400 * millisecond); // one challenge in half a second
    EXPECT_EQ(state(), "01");
}

TEST_F(tcp_states, ignores_an_ack_of_what_was_never_sent) {
    serve_and_keep();
    peer->connect();
    peer->send({.flags = psh_ack, .payload = "injected", .seq = peer->seq, .ack = peer->received + 1000});
    EXPECT_EQ(peer->next().ack, peer->seq);
    EXPECT_EQ(drops(net::drop_reason::tcp_bad_ack), 1u);
    peer->send({.flags = psh_ack, .payload = "injected", .seq = peer->seq, .ack = peer->received - 100000});
    EXPECT_EQ(drops(net::drop_reason::tcp_bad_ack), 2u);
}

TEST_F(tcp_states, drops_a_wrong_checksum) {
    serve_and_keep();
    peer->connect();
    peer->send({.flags = psh_ack, .payload = "garbled", .seq = peer->seq, .bad_checksum = true});
    peer->expect_silence();
    EXPECT_EQ(drops(net::drop_reason::tcp_bad_checksum), 1u);
    EXPECT_EQ(net::counted(host->stack(), net::mib::tcp_in_checksum_errors), 1u);
}

TEST_F(tcp_states, probes_a_closed_window) {
    serve([](sim::user_socket& child) { EXPECT_EQ(child.send(std::string(2000, 'x')), 2000); });
    peer->window = 1000;
    peer->connect();
    sim::segment first = peer->next();
    EXPECT_LE(first.payload.size(), 1000u);
    uint32_t got = static_cast<uint32_t>(first.payload.size());
    while (got < 1000) {
        got += static_cast<uint32_t>(peer->next().payload.size());
    }
    peer->send({.window = 0});
    net::port::time_ns last = world.now();
    double gap = 0;
    for (int i = 0; i < 4; i++) {
        const sim::segment probe = peer->next(60 * second);
        EXPECT_EQ(probe.payload.size(), 0u);
        EXPECT_EQ(probe.seq, peer->received - 1);
        const double now = static_cast<double>(world.now() - last) / 1e9;
        EXPECT_GT(now, gap * 1.5); // backs off
        gap = now;
        last = world.now();
        peer->send({.window = 0});
    }
    peer->send({.window = 5000});
    EXPECT_GT(peer->next().payload.size(), 500u);
}

TEST_F(tcp_states, sends_nothing_beyond_the_window) {
    serve([](sim::user_socket& child) { EXPECT_EQ(child.send(std::string(9000, 'x')), 9000); });
    peer->window = 3000;
    peer->connect();
    uint32_t got = 0;
    while (std::optional<sim::segment> more = peer->try_next(100 * millisecond)) {
        got += static_cast<uint32_t>(more->payload.size());
        EXPECT_LE(more->end() - 3000, peer->received);
    }
    EXPECT_LE(got, 3000u);
    EXPECT_GT(got, 1400u);
}

TEST_F(tcp_states, keeps_what_comes_ahead_of_a_hole) {
    std::string got;
    serve([&](sim::user_socket& child) {
        got = child.recv(100, MSG_WAITALL).data;
        sockets.push_back(std::move(child));
    });
    peer->syn_options.sack_permitted = true;
    peer->connect();
    const uint32_t start = peer->seq;
    peer->send({.flags = psh_ack, .payload = std::string(20, 'c'), .seq = start + 40});
    sim::segment ack = peer->next();
    EXPECT_EQ(ack.ack, start);
    ASSERT_EQ(ack.options.sack_count, 1);
    EXPECT_EQ(ack.options.sacks[0], (sack_block{seq(start + 40), seq(start + 60)}));
    peer->send({.flags = psh_ack, .payload = std::string(20, 'e'), .seq = start + 80});
    ack = peer->next();
    ASSERT_EQ(ack.options.sack_count, 2);
    EXPECT_EQ(ack.options.sacks[0].start, seq(start + 80));
    peer->send({.flags = psh_ack, .payload = std::string(40, 'b'), .seq = start + 10}); // overlaps both ways
    ack = peer->next();
    EXPECT_EQ(ack.options.sacks[0], (sack_block{seq(start + 10), seq(start + 60)}));
    peer->send({.flags = psh_ack, .payload = std::string(10, 'a'), .seq = start});
    EXPECT_EQ(peer->next().ack, start + 60);
    peer->send(
        {.flags = psh_ack, .payload = std::string(60, 'd'), .seq = start + 60}); // covers the last range
    EXPECT_EQ(peer->next().ack, start + 120);
    EXPECT_EQ(got, std::string(10, 'a') + std::string(30, 'b') + std::string(20, 'c') + std::string(40, 'd'));
    sockets[0].recv();
}

TEST_F(tcp_states, keepalive_finds_a_dead_peer) {
    long outcome = 0;
    serve([&](sim::user_socket& child) {
        child.set_option(SOL_SOCKET, SO_KEEPALIVE, 1);
        child.set_option(IPPROTO_TCP, TCP_KEEPIDLE, 10);
        child.set_option(IPPROTO_TCP, TCP_KEEPINTVL, 2);
        child.set_option(IPPROTO_TCP, TCP_KEEPCNT, 3);
        outcome = child.recv().result;
    });
    peer->connect();
    EXPECT_EQ(peer->next(11 * second).seq, peer->received - 1);
    peer->send({}); // alive
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(peer->next(11 * second).seq, peer->received - 1);
    }
    EXPECT_EQ(peer->next(3 * second).flags, tcp_rst | tcp_ack);
    EXPECT_EQ(outcome, -ETIMEDOUT);
}

TEST_F(tcp_states, retransmits_with_backoff_and_gives_up) {
    long outcome = 0;
    serve([&](sim::user_socket& child) {
        EXPECT_EQ(child.send("lost"), 4);
        outcome = child.recv().result;
    });
    peer->connect();
    EXPECT_EQ(peer->next().payload, "lost");
    net::port::time_ns last = world.now();
    net::port::time_ns timeout = 200 * millisecond;
    int copies = 0;
    while (std::optional<sim::segment> copy = peer->try_next(200 * second)) {
        EXPECT_EQ(copy->payload, "lost");
        EXPECT_NEAR(static_cast<double>(world.now() - last) / static_cast<double>(timeout), 1, 0.005)
            << "copy " << copies + 1;
        last = world.now();
        timeout = std::min(2 * timeout, 120 * second);
        EXPECT_EQ(outcome, 0);
        copies++;
    }
    EXPECT_EQ(copies, 15);
    EXPECT_EQ(timeout, 120 * second);
    EXPECT_EQ(outcome, -ETIMEDOUT);
}

TEST_F(tcp_states, icmp_lowers_the_segment_size_only_for_what_is_in_flight) {
    serve([this](sim::user_socket& child) {
        EXPECT_EQ(child.send(std::string(1400, 'x')), 1400);
        sockets.push_back(std::move(child));
    });
    peer->syn_options.has_mss = true;
    peer->syn_options.mss = 1460;
    peer->connect();
    const sim::segment data = peer->next();
    EXPECT_EQ(data.payload.size(), 1400u);
    auto tell = [&](uint32_t quoted_seq) {
        const sim::frame quoted = host->card->sent.back();
        sim::frame icmp(14 + 20 + 8 + 28);
        std::copy(quoted.begin() + 6, quoted.begin() + 12, icmp.begin());
        std::copy(quoted.begin(), quoted.begin() + 6, icmp.begin() + 6);
        icmp[12] = 8;
        uint8_t* ip = &icmp[14];
        const uint8_t header[] = {0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 254, 10, 0, 0, 1};
        std::copy(std::begin(header), std::end(header), ip);
        ip[20] = 3;
        ip[21] = 4;
        ip[26] = 1000 >> 8;
        ip[27] = 1000 & 0xff;
        std::copy(quoted.begin() + 14, quoted.begin() + 42, ip + 28);
        for (int i = 0; i < 4; i++) {
            ip[28 + 24 + i] = static_cast<uint8_t>(quoted_seq >> (24 - 8 * i));
        }
        auto sum = [](uint8_t* at, size_t length, size_t field) {
            uint32_t total = 0;
            for (size_t i = 0; i < length; i += 2) {
                total += static_cast<uint32_t>(at[i] << 8 | at[i + 1]);
            }
            total = (total & 0xffff) + (total >> 16);
            total = ~((total & 0xffff) + (total >> 16));
            at[field] = static_cast<uint8_t>(total >> 8);
            at[field + 1] = static_cast<uint8_t>(total);
        };
        sum(ip + 20, 36, 2);
        sum(ip, 20, 10);
        host->card->receive(icmp);
        world.run_for(millisecond);
    };
    tell(data.seq + 50000);
    EXPECT_EQ(net::counted(host->stack(), net::mib::tcpext_out_of_window_icmps), 1u);
    tell(data.seq);
    const sim::segment smaller = peer->next(100 * millisecond);
    EXPECT_EQ(smaller.seq, data.seq);
    EXPECT_EQ(smaller.payload.size(), 960u);
}

TEST_F(tcp_states, a_second_attempt_to_connect_has_as_much_time_as_the_first) {
    world.spawn("client", [&] {
        sim::user_socket client(*host, SOCK_STREAM);
        EXPECT_EQ(client.set_option(IPPROTO_TCP, TCP_SYNCNT, 2), 0);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), -ETIMEDOUT);
        EXPECT_EQ(client.connect("10.0.0.9", 1000), -ETIMEDOUT);
    });
    int syns = 0;
    while (const std::optional<sim::segment> syn = peer->try_next(30 * second)) {
        EXPECT_EQ(syn->flags, tcp_syn);
        syns++;
    }
    EXPECT_EQ(syns, 6);
}

TEST_F(tcp_states, a_stack_that_ends_takes_along_who_still_says_goodbye) {
    serve([](sim::user_socket& child) { EXPECT_EQ(child.send("the last words"), 14); });
    peer->connect();
    world.run_for(5 * second); // data and FIN are sent, and never acknowledged
    EXPECT_EQ(state(), "04");
    peer.reset();
    host = nullptr;
    EXPECT_EQ(world.live_allocations, 0u);
    host = std::make_unique<sim::host>("10.0.0.1");
}

} // namespace
