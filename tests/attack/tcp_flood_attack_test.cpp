// Attacks on memory: connections that cost the attacker little and are to cost the victim much. Ids T7, T9,
// T22 to T25.

#include "attack/tcp_bed.hpp"
#include "net/ipv4/tcp_listen.hpp"
#include "net/ipv4/tcp_table.hpp"

#include <set>

namespace {

using namespace attack;

constexpr unsigned syn_backlog = 128; ///< net.ipv4.tcp_max_syn_backlog as it is at boot

struct attack_tcp_flood : tcp_bed {
    /// Reads what the victim has sent to the attacker since the last call, and forgets it.
    std::vector<sim::segment> collect() {
        std::vector<sim::segment> found = segments_sent();
        forget_sent();
        return found;
    }
    /// Opens connections from the attacker's ports first, first + 1, ...; they answer with this window.
    void open_many(uint16_t first, unsigned count, uint16_t window = 65535) {
        for (unsigned begun = 0; begun < count;) {
            const unsigned batch = std::min(count - begun, 100u); // below the backlog
            for (unsigned i = 0; i < batch; i++) {
                flood(frame_of(segment_to(port, static_cast<uint16_t>(first + begun + i), tcp_syn, 99)));
            }
            world.run_for(millisecond);
            for (const sim::segment& answer : collect()) {
                if (answer.flags == syn_ack) {
                    say(answer, tcp_ack, 100, window);
                }
            }
            world.run_for(millisecond);
            begun += batch;
        }
        forget_sent();
    }
    /// An answer from the attacker that acknowledges a segment's start, or all of it.
    void say(const sim::segment& to, uint8_t flags, uint32_t seq, uint16_t window, bool whole = true) {
        sim::segment answer = segment_to(to.source_port, to.destination_port, flags, seq);
        answer.ack = whole ? to.end() : to.seq;
        answer.window = window;
        flood(frame_of(answer));
    }
    /// For so long the attacker acknowledges every probe with a window of zero.
    void stall_for(net::port::time_ns time) {
        const net::port::time_ns end = world.now() + time;
        while (world.now() < end) {
            world.run_for(100 * millisecond);
            for (const sim::segment& each : collect()) {
                if ((each.flags & tcp_rst) == 0) {
                    say(each, tcp_ack, 100, 0, false);
                } else {
                    resets_seen++;
                }
            }
        }
    }
    unsigned state_count(net::tcp_state wanted) {
        struct tally {
            net::tcp_state wanted;
            unsigned count = 0;
        } found = {wanted};
        net::tcp_visit(victim->stack(), {.context = &found,
                                         .connection =
                                             [](void* context, net::tcp_sock& sk) {
                                                 auto& into = *static_cast<tally*>(context);
                                                 into.count += sk.state == into.wanted ? 1 : 0;
                                             },
                                         .remains =
                                             [](void* context, const net::tcp_time_wait& remains) {
                                                 auto& into = *static_cast<tally*>(context);
                                                 into.count += remains.substate == into.wanted ? 1 : 0;
                                             }});
        return found.count;
    }
    unsigned requests() {
        const auto listening = net::tcp_find_listener(victim->stack(), {victim_ip(), 0, port, 0}, 0);
        return listening->listener->request_count;
    }
    size_t connections() const { return victim->stack().tcp->connection_count; }

    unsigned resets_seen = 0;
};

TEST_F(attack_tcp_flood, T7_a_syn_flood_costs_a_backlog_and_honest_clients_come_through) {
    accept_all();
    constexpr unsigned seconds = 3;
    unsigned connected = 0;
    unsigned most_requests = 0;
    uint64_t most_allocations = 0;
    net::port::time_ns slowest = 0;
    bool over = false;
    world.spawn("honest clients", [&] {
        for (unsigned i = 0; !over; i++) {
            const net::port::time_ns began = world.now();
            sim::user_socket client(*companion, SOCK_STREAM);
            ASSERT_EQ(client.connect(victim_ip(), port), 0);
            slowest = std::max(slowest, world.now() - began);
            ASSERT_EQ(client.send("hello"), 5);
            connected++;
            world.pass(100 * millisecond);
        }
    });
    for (unsigned i = 0; i < seconds * 20'000; i++) {
        sim::segment syn = segment_to(port, static_cast<uint16_t>(world.random()()), tcp_syn,
                                      static_cast<uint32_t>(world.random()()));
        syn.source = address("11.0.0.0") + static_cast<uint32_t>(world.random()() % 0xffffff);
        syn.options.has_mss = true;
        syn.options.mss = 1460;
        flood(frame_of(syn));
        if (i % 20 == 19) {
            world.run_for(millisecond); // 20,000 a second
            most_requests = std::max(most_requests, requests());
            most_allocations = std::max(most_allocations, world.live_allocations - before.allocations);
            forget_sent();
        }
    }
    over = true;
    world.run();
    EXPECT_EQ(most_requests, syn_backlog);
    EXPECT_GE(connected, seconds * 9);
    EXPECT_LE(slowest, second);
    EXPECT_EQ(children.size(), connected);
    for (sim::user_socket& child : children) {
        EXPECT_EQ(child.recv(100, MSG_DONTWAIT).data, "hello");
    }
    EXPECT_GE(counted(mib::tcpext_syncookies_sent), seconds * 20'000 - syn_backlog - 10);
    EXPECT_GE(counted(mib::tcpext_syncookies_received), connected - 2);
    // Per half-open connection a request; per honest one a handful of allocations; nothing per cookie.
    EXPECT_LE(most_allocations, syn_backlog + connected * 30 + 100);
    children.clear();
    expect_baseline_after(200 * second);
    EXPECT_EQ(requests(), 0u);
}

TEST_F(attack_tcp_flood, T7_cookies_are_not_forgeable_and_do_not_last) {
    accept_all();
    for (unsigned i = 0; i < 200; i++) { // fills the backlog
        flood(frame_of(segment_to(port, static_cast<uint16_t>(20'000 + i), tcp_syn, 99)));
    }
    world.run_for(millisecond);
    collect();
    flood(frame_of(segment_to(port, 1000, tcp_syn, 99)));
    world.run_for(millisecond);
    const sim::segment cookie = collect().at(0);
    ASSERT_EQ(counted(mib::tcpext_syncookies_sent), 200u - syn_backlog + 1);
    // Guesses: 2^24 values would be needed for four hits.
    const uint64_t resets_before = counted(mib::tcp_out_resets);
    for (uint32_t i = 1; i <= 20'000; i++) {
        flood(frame_of(segment_to(port, 1000, tcp_ack, 100, cookie.seq + 1 + i * 0x01000193u)));
        if (i % 100 == 0) {
            world.run_for(millisecond);
        }
    }
    EXPECT_EQ(state_of(), "");
    EXPECT_EQ(counted(mib::tcpext_syncookies_received), 0u);
    EXPECT_EQ(counted(mib::tcpext_syncookies_failed), 20'000u);
    EXPECT_LE(counted(mib::tcp_out_resets) - resets_before, 400u);
    // For another port, or with another number of the client's, it is none.
    flood(frame_of(segment_to(port, 1001, tcp_ack, 100, cookie.seq + 1)));
    flood(frame_of(segment_to(port, 1000, tcp_ack, 101, cookie.seq + 1)));
    world.run_for(millisecond);
    EXPECT_EQ(counted(mib::tcpext_syncookies_received), 0u);
    // The right one opens the connection; two epochs of 64 s later it does not any more.
    flood(frame_of(segment_to(port, 1000, tcp_ack, 100, cookie.seq + 1)));
    world.run_for(millisecond);
    EXPECT_EQ(state_of(), "01");
    EXPECT_EQ(counted(mib::tcpext_syncookies_received), 1u);
    flood(frame_of(segment_to(port, 1000, tcp_rst, 100)));
    world.run_for(130 * second);
    EXPECT_EQ(state_of(), "");
    flood(frame_of(segment_to(port, 1000, tcp_ack, 100, cookie.seq + 1)));
    world.run_for(millisecond);
    EXPECT_EQ(state_of(), "");
}

TEST_F(attack_tcp_flood, T9_sockstress_stalled_connections_cost_their_buffers_and_end) {
    constexpr unsigned stalled = 1000;
    accept_all(4096);
    open_many(2000, stalled, 0);
    ASSERT_EQ(children.size(), stalled);
    uint64_t limit = 0;
    for (sim::user_socket& child : children) {
        child.set_option(SOL_SOCKET, SO_SNDBUF, 16'384);
        child.set_option(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
        child.set_non_blocking(true);
        limit += static_cast<uint64_t>(child.get_option(SOL_SOCKET, SO_SNDBUF));
        while (child.send(std::string(4096, 'x'), MSG_NOSIGNAL) > 0) {
        }
    }
    const holdings now = now_held();
    EXPECT_GT(now.skb_bytes, before.skb_bytes + stalled * 8192u);
    EXPECT_LE(now.skb_bytes, before.skb_bytes + limit + stalled * 8192u); // the last write may go over
    stall_for(20 * second);
    EXPECT_EQ(state_count(net::tcp_state::established), stalled + 1); // the peer answers: RFC 9293 §3.8.6.1
    EXPECT_GE(counted(mib::tcpext_window_probes), 4u * stalled);
    EXPECT_LE(counted(mib::tcpext_window_probes), 8u * stalled); // backing off
    stall_for(11 * second);
    EXPECT_EQ(state_count(net::tcp_state::established), 1u); // TCP_USER_TIMEOUT, not the next probe after it
    EXPECT_LE(now_held().skb_bytes, before.skb_bytes);
    children.clear();
    expect_baseline_after(second);
}

TEST_F(attack_tcp_flood, T9_probes_back_off_to_two_minutes) {
    accept_all();
    open_many(1000, 1, 0);
    children.at(0).set_non_blocking(true);
    children[0].send("nobody wants this");
    std::vector<double> gaps;
    net::port::time_ns last = world.now();
    while (gaps.size() < 14) {
        world.run_for(10 * millisecond);
        for (const sim::segment& probe : collect()) {
            gaps.push_back(static_cast<double>(world.now() - last) / 1e9);
            last = world.now();
            say(probe, tcp_ack, 100, 0, false);
        }
    }
    for (size_t i = 1; i < gaps.size(); i++) {
        EXPECT_NEAR(gaps[i], std::min(gaps[i - 1] * 2, 120.0), 0.2 + gaps[i] / 10) << i;
    }
    EXPECT_NEAR(gaps.back(), 120, 1); // RFC 9293 asks for exponential backing off; 120 s is Linux's end of it
}

TEST_F(attack_tcp_flood, T9_when_memory_is_short_the_longest_stalled_go_first) {
    constexpr unsigned stalled = 100;
    accept_all(4096);
    open_many(2000, stalled, 0);
    for (sim::user_socket& child : children) {
        child.set_option(SOL_SOCKET, SO_SNDBUF, 16'384);
        child.set_non_blocking(true);
        while (child.send(std::string(4096, 'x'), MSG_NOSIGNAL) > 0) {
        }
    }
    stall_for(20 * second);
    open_many(5000, 1, 0); // a latecomer
    children.back().set_non_blocking(true);
    children.back().send("late");
    stall_for(second);
    EXPECT_EQ(state_count(net::tcp_state::established), stalled + 2);
    victim->stack().packet_memory_limit = 64 * 1024;
    stall_for(60 * second);
    EXPECT_LE(victim->stack().skb_bytes, 64u * 1024);
    EXPECT_GE(resets_seen, stalled - 8); // told, each, until there was enough again
    EXPECT_EQ(state_of(5000), "01");
    victim->stack().packet_memory_limit = 64u << 20;
}

TEST_F(attack_tcp_flood, T22_peers_that_vanish_in_any_state_leave_nothing) {
    accept_all(4096);
    constexpr unsigned each = 50;
    open_many(1000, 5 * each);
    ASSERT_EQ(children.size(), 5u * each);
    auto peer_fin = [&](uint16_t from) {
        sim::segment fin = segment_to(port, from, fin_ack, 100);
        const net::tcp_key key = {victim_ip(), attacker->ip, port, from};
        fin.ack = net::tcp_find_connection(victim->stack(), key).connection->snd_nxt.value;
        return fin;
    };
    for (unsigned i = 0; i < each; i++) { // LAST_ACK: the peer has closed first
        flood(frame_of(peer_fin(static_cast<uint16_t>(1000 + i))));
    }
    world.run_for(second);
    for (unsigned i = 0; i < each; i++) { // FIN_WAIT_1 with data that is never acknowledged
        children[4 * each + i].send(std::string("never acknowledged"), MSG_NOSIGNAL);
    }
    children.clear();
    std::vector<sim::segment> fins;
    world.run_for(millisecond);
    for (const sim::segment& found : collect()) {
        if ((found.flags & tcp_fin) != 0) {
            fins.push_back(found);
        }
    }
    for (const sim::segment& fin : fins) {
        const unsigned group = (fin.destination_port - 1000u) / each;
        if (group == 1) {
            say(fin, tcp_ack, 100, 65535); // FIN_WAIT_2
        } else if (group == 2) {
            sim::segment simultaneous = segment_to(port, fin.destination_port, fin_ack, 100, fin.seq);
            flood(frame_of(simultaneous)); // CLOSING
        }
    }
    for (unsigned i = 0; i < each; i++) { // SYN_RECEIVED
        flood(frame_of(segment_to(port, static_cast<uint16_t>(5000 + i), tcp_syn, 99)));
    }
    world.run_for(millisecond);
    EXPECT_EQ(state_count(net::tcp_state::last_ack), each);
    EXPECT_EQ(state_count(net::tcp_state::fin_wait_2), each);
    EXPECT_EQ(state_count(net::tcp_state::closing), each);
    EXPECT_EQ(state_count(net::tcp_state::fin_wait_1), 2 * each);
    EXPECT_EQ(requests(), each);
    // And nothing more is ever heard of any of them. 2 MSL (a minute here) and a minute more:
    world.run_for(120 * second);
    EXPECT_EQ(state_count(net::tcp_state::last_ack), 0u);
    EXPECT_EQ(state_count(net::tcp_state::fin_wait_2), 0u);
    EXPECT_EQ(state_count(net::tcp_state::closing), 0u);
    EXPECT_EQ(state_count(net::tcp_state::fin_wait_1), 0u);
    EXPECT_EQ(requests(), 0u);
    forget_sent();
    expect_baseline_after(second);
}

TEST_F(attack_tcp_flood, T23_orphans_are_counted_and_do_not_live_on_zero_windows) {
    constexpr unsigned hoarded = 1200;
    accept_all(4096);
    open_many(2000, hoarded, 0);
    ASSERT_EQ(children.size(), hoarded);
    for (sim::user_socket& child : children) {
        child.set_non_blocking(true);
        child.send("buffered for ever");
    }
    const uint64_t aborted_before = counted(mib::tcpext_abort_on_memory);
    children.clear();
    world.run_for(millisecond);
    // The newest beyond the limit are reset: they have waited least (Linux does the same).
    EXPECT_EQ(victim->stack().tcp->orphan_count, 1024u);
    EXPECT_EQ(counted(mib::tcpext_abort_on_memory) - aborted_before, hoarded - 1024u);
    unsigned resets = 0;
    for (const sim::segment& each : collect()) {
        resets += (each.flags & tcp_rst) != 0 ? 1 : 0;
    }
    EXPECT_EQ(resets, hoarded - 1024u);
    // A peer that answers every probe with "window 0" keeps an orphan for eight doublings, not for ever.
    stall_for(130 * second);
    EXPECT_EQ(victim->stack().tcp->orphan_count, 0u);
    EXPECT_EQ(resets_seen, 1024u);
    expect_baseline_after(second);
}

TEST_F(attack_tcp_flood, T24_a_thousand_idle_connections_cost_little_and_accept_goes_on) {
    constexpr unsigned idle = 1000;
    accept_all(4096);
    const holdings empty = now_held();
    open_many(2000, idle);
    ASSERT_EQ(children.size(), idle);
    for (unsigned round = 0; round < 3; round++) { // one byte in ten seconds
        for (unsigned i = 0; i < idle; i++) {
            sim::segment drip = segment_to(port, static_cast<uint16_t>(2000 + i), psh_ack, 100 + round);
            const net::tcp_key key = {victim_ip(), attacker->ip, port, static_cast<uint16_t>(2000 + i)};
            drip.ack = net::tcp_find_connection(victim->stack(), key).connection->snd_nxt.value;
            drip.payload = "x";
            flood(frame_of(drip));
        }
        world.run_for(10 * second);
        for (sim::user_socket& child : children) {
            EXPECT_EQ(child.recv(10, MSG_DONTWAIT).data, "x");
        }
        forget_sent();
    }
    const holdings now = now_held();
    EXPECT_EQ(now.skb_bytes, empty.skb_bytes);                 // no packet stays with an idle connection
    EXPECT_LE(now.allocations - empty.allocations, 2u * idle); // the socket and the sock
    EXPECT_LE(sizeof(net::tcp_sock) + sizeof(net::socket), 4096u);
    world.spawn("honest client", [&] {
        sim::user_socket client(*companion, SOCK_STREAM);
        EXPECT_EQ(client.connect(victim_ip(), port), 0);
        world.pass(millisecond);
        EXPECT_EQ(children.size(), idle + 1);
    });
    world.run();
}

TEST_F(attack_tcp_flood, T25_a_full_accept_queue_is_bounded_and_leaves_nothing) {
    constexpr unsigned backlog = 16;
    auto lazy = std::make_unique<sim::user_socket>(*victim, SOCK_STREAM);
    ASSERT_EQ(lazy->bind("0.0.0.0", 82), 0);
    ASSERT_EQ(lazy->listen(backlog), 0);
    const holdings empty = now_held();
    std::map<uint16_t, uint32_t> acks;
    for (unsigned i = 0; i < 10 * backlog; i++) {
        const auto from = static_cast<uint16_t>(2000 + i);
        flood(frame_of(segment_to(82, from, tcp_syn, 99)));
        world.run_for(100 * microsecond);
        for (const sim::segment& answer : collect()) {
            if (answer.flags == syn_ack) {
                acks[answer.destination_port] = answer.seq + 1;
            }
        }
        if (acks.count(from) != 0) {
            flood(frame_of(segment_to(82, from, tcp_ack, 100, acks[from])));
            world.run_for(100 * microsecond);
        }
    }
    EXPECT_EQ(net::tcp_find_listener(victim->stack(), {victim_ip(), 0, 82, 0}, 0)->listener->accept_count,
              backlog + 1u);              // as Linux counts
    EXPECT_EQ(acks.size(), backlog + 1u); // to all others not even a SYN-ACK was sent
    EXPECT_EQ(drops(drop_reason::tcp_listen_overflow), 10 * backlog - (backlog + 1u));
    EXPECT_EQ(counted(mib::tcpext_listen_overflows), drops(drop_reason::tcp_listen_overflow));
    EXPECT_LE(now_held().allocations - empty.allocations, 4u * (backlog + 1));
    // Closing the listener resets what nobody has accepted.
    lazy.reset();
    world.run_for(millisecond);
    unsigned resets = 0;
    for (const sim::segment& each : collect()) {
        resets += (each.flags & tcp_rst) != 0 ? 1 : 0;
    }
    EXPECT_EQ(resets, backlog + 1u);
    expect_baseline_after(second);
}

TEST_F(attack_tcp_flood, T25_the_last_ack_of_a_full_queue_is_dropped_and_may_come_again) {
    auto lazy = std::make_unique<sim::user_socket>(*victim, SOCK_STREAM);
    ASSERT_EQ(lazy->bind("0.0.0.0", 82), 0);
    ASSERT_EQ(lazy->listen(0), 0);
    std::map<uint16_t, sim::segment> answers;
    for (const uint16_t from : {2000, 2001}) {
        flood(frame_of(segment_to(82, from, tcp_syn, 99)));
    }
    world.run_for(millisecond);
    for (const sim::segment& answer : collect()) {
        answers[answer.destination_port] = answer;
    }
    ASSERT_EQ(answers.size(), 2u);
    for (const auto& [from, answer] : answers) {
        say(answer, tcp_ack, 100, 65535);
    }
    world.run_for(millisecond);
    EXPECT_EQ(drops(drop_reason::tcp_listen_overflow), 1u);
    EXPECT_TRUE(collect().empty()); // no RST: the client may try again
    EXPECT_TRUE(lazy->accept().ok());
    world.run_for(1100 * millisecond); // our SYN-ACK again, and the client's ACK
    unsigned answered = 0;
    for (const sim::segment& each : collect()) {
        if (each.flags == syn_ack) {
            say(each, tcp_ack, 100, 65535);
            answered++;
        }
    }
    world.run_for(millisecond);
    EXPECT_GE(answered, 1u);
    EXPECT_TRUE(lazy->accept().ok());
}

} // namespace
