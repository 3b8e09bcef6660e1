// Attacks on tables and ports: tuples that are chosen to collide, clients without a free port, and loopback.
// Ids T26, T30, T33.

#include "attack/tcp_bed.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_table.hpp"

namespace {

using namespace attack;

struct attack_tcp_tables : tcp_bed {};

TEST_F(attack_tcp_tables, T26_chosen_tuples_do_not_share_a_bucket) {
    constexpr unsigned wanted = 10'000;
    accept_all(4096);
    // Tuples whose exclusive or, folded to ten bits, is always the same: one bucket of a plain hash.
    std::vector<std::pair<uint32_t, uint16_t>> tuples;
    for (uint32_t host = 0; tuples.size() < wanted; host++) {
        for (uint32_t source_port = 1024; source_port < 65'536 && tuples.size() < wanted;
             source_port += 1024) {
            const uint32_t source = address("10.0.1.0") + host;
            tuples.push_back({source, static_cast<uint16_t>(source_port | (source & 1023))});
        }
    }
    for (size_t begun = 0; begun < tuples.size(); begun += 100) {
        for (size_t i = begun; i < begun + 100; i++) {
            sim::segment syn = segment_to(port, tuples[i].second, tcp_syn, 99);
            syn.source = tuples[i].first;
            // An entry for each would fill the neighbour table: they all come from one card, so give it one.
            flood(frame_of(syn));
        }
        world.run_for(100 * microsecond);
        const auto listening = net::tcp_find_listener(victim->stack(), {victim_ip(), 0, port, 0}, 0);
        for (size_t i = begun; i < begun + 100; i++) {
            const net::tcp_key key = {victim_ip(), tuples[i].first, port, tuples[i].second};
            const net::tcp_request* request = net::tcp_find_request(*listening, key);
            ASSERT_NE(request, nullptr);
            sim::segment ack = segment_to(port, tuples[i].second, tcp_ack, 100, request->iss.value + 1);
            ack.source = tuples[i].first;
            flood(frame_of(ack));
        }
        world.run_for(100 * microsecond);
        forget_sent();
    }
    ASSERT_EQ(victim->stack().tcp->connection_count, wanted + 1);
    size_t longest = 0;
    for (auto& bucket : victim->stack().tcp->connections) {
        size_t length = 0;
        for (net::tcp_endpoint& entry : bucket) {
            (void)entry;
            length++;
        }
        longest = std::max(longest, length);
    }
    EXPECT_LE(longest, 16u);
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    for (sim::user_socket& child : children) {
        child.set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    children.clear();
    world.run_for(100 * second);
}

TEST_F(attack_tcp_tables, T30_a_client_without_ports_is_told_and_recovers) {
    constexpr unsigned ports = 60'999 - 32'768 + 1;
    {
        std::vector<sim::user_socket> sockets;
        sockets.reserve(ports);
        world.administrator = true;
        for (unsigned i = 0; i < ports; i++) {
            sim::user_socket socket(*victim, SOCK_STREAM);
            socket.set_non_blocking(true);
            ASSERT_EQ(socket.connect(attacker->ip, 1000), -EINPROGRESS) << i;
            sockets.push_back(std::move(socket));
            if (i % 1000 == 0) {
                forget_sent();
            }
        }
        sim::user_socket one_more(*victim, SOCK_STREAM);
        one_more.set_non_blocking(true);
        EXPECT_EQ(one_more.connect(attacker->ip, 1000), -EADDRNOTAVAIL);
        EXPECT_EQ(one_more.connect(attacker->ip, 1001),
                  -EINPROGRESS); // another destination is another matter
        sockets.pop_back();
        sim::user_socket recovered(*victim, SOCK_STREAM);
        recovered.set_non_blocking(true);
        EXPECT_EQ(recovered.connect(attacker->ip, 1000), -EINPROGRESS);
    }
    forget_sent();
    expect_baseline_after(second);
}

TEST_F(attack_tcp_tables, T33_loopback_is_bounded_and_not_reachable_from_the_wire) {
    for (const char* source : {"127.0.0.1", "127.0.0.2"}) {
        sim::segment syn = segment_to(port, 1000, tcp_syn, 99);
        syn.source = address(source);
        attacker->inject(frame_of(syn));
        syn.destination = address("127.0.0.1");
        attacker->inject(frame_of(syn));
    }
    EXPECT_EQ(drops(drop_reason::ip_martian_source), 4u);
    // A program that floods itself, and never lets the worker run.
    uint64_t most = 0;
    world.spawn("narcissus", [&] {
        sim::user_socket receiver(*victim, SOCK_DGRAM);
        receiver.bind("127.0.0.1", 9);
        sim::user_socket sender(*victim, SOCK_DGRAM);
        sender.set_option(SOL_SOCKET, SO_SNDBUF, 1 << 20);
        std::vector<std::unique_ptr<sim::user_socket>> senders; // one alone is stopped by its send buffer
        for (int i = 0; i < 200; i++) {
            senders.push_back(std::make_unique<sim::user_socket>(*victim, SOCK_DGRAM));
        }
        for (int i = 0; i < 50'000; i++) {
            senders[static_cast<size_t>(i) % senders.size()]->send_to("x", address("127.0.0.1"), 9,
                                                                      MSG_DONTWAIT);
            most = std::max(most, victim->stack().live_skbs);
        }
    });
    world.run();
    EXPECT_LE(most, before.skbs + 4096 + 16); // the queue of loopback
    EXPECT_GT(drops(drop_reason::device_backlog_full), 0u);
    expect_baseline_after(second);
}

} // namespace
