// Attackers who cannot see the connection and guess its numbers, and what a lost memory looks like: ids T1 to
// T6, T20, T21, T31.

#include "attack/tcp_bed.hpp"
#include "net/ipv4/tcp_table.hpp"

#include <cstring>
#include <set>

namespace {

using namespace attack;

struct attack_tcp_blind : tcp_bed {
    /// Open, silent, and with numbers that everybody knows.
    std::unique_ptr<sim::tcp_peer> open(uint16_t source_port = 1000) {
        std::unique_ptr<sim::tcp_peer> peer = make_peer(source_port);
        peer->connect();
        return peer;
    }
    static constexpr uint32_t window = 64'000; ///< at least what the victim offers is below 65,536
    /// So that the next challenge may be sent.
    void wait_for_challenge() { world.run_for(600 * millisecond); }
};

TEST_F(attack_tcp_blind, T1_initial_numbers_of_one_connection_follow_the_clock_and_nothing_else) {
    const net::tcp_key key = {victim_ip(), attacker->ip, 80, 1000};
    const uint32_t first = net::tcp_initial_sequence(victim->stack(), key).value;
    for (uint32_t i = 1; i <= 100'000; i++) { // RFC 6528: the same tuple must not go back within a TIME_WAIT
        world.run_for(4 * microsecond);
        ASSERT_EQ(net::tcp_initial_sequence(victim->stack(), key).value, first + i);
    }
}

TEST_F(attack_tcp_blind, T1_initial_numbers_of_others_are_unpredictable) {
    constexpr unsigned samples = 100'000;
    constexpr unsigned classes = 256;
    std::vector<unsigned> high(classes);
    std::vector<unsigned> low(classes);
    std::vector<unsigned> step(classes);
    std::set<uint32_t> distances;
    uint32_t last = 0;
    for (unsigned i = 0; i < samples; i++) {
        // Neighbouring tuples, as an attacker would probe them.
        const net::tcp_key key = {victim_ip(), attacker->ip + i / 60'000, 80,
                                  static_cast<uint16_t>(1024 + i % 60'000)};
        const uint32_t number = net::tcp_initial_sequence(victim->stack(), key).value;
        high[number >> 24]++;
        low[number & 255]++;
        step[(number - last) >> 24]++;
        distances.insert(number - last);
        last = number;
    }
    // Upper 0.1 % of chi square with 255 degrees of freedom is 330.
    for (const std::vector<unsigned>* counts : {&high, &low, &step}) {
        double chi = 0;
        for (const unsigned each : *counts) {
            const double expected = static_cast<double>(samples) / classes;
            chi += (each - expected) * (each - expected) / expected;
        }
        EXPECT_LT(chi, 330);
    }
    // A predictor by the last distance would be right about once in 2^32 / 10^5 tries.
    EXPECT_GE(distances.size(), samples - 8);
}

// The generator is the simulation's: what a machine has at its boot is test_guest_boots.py's to ask.
TEST_F(attack_tcp_blind, T1_every_stack_draws_its_own_key) {
    constexpr unsigned stacks = 100;
    const net::tcp_key key = {victim_ip(), attacker->ip, 80, 1000};
    std::set<uint32_t> numbers;
    std::set<uint64_t> keys;
    for (unsigned i = 0; i < stacks; i++) {
        lib::result<net::stack*> made = net::stack::create();
        ASSERT_TRUE(made.ok());
        uint64_t half = 0;
        std::memcpy(&half, &made.value()->tcp->isn_key, sizeof(half));
        keys.insert(half);
        numbers.insert(net::tcp_initial_sequence(*made.value(), key).value);
        net::stack::destroy(made.value());
    }
    EXPECT_EQ(keys.size(), stacks);
    EXPECT_EQ(numbers.size(), stacks); // at one moment, for one tuple
}

TEST_F(attack_tcp_blind, T2_a_reset_counts_at_the_exact_number_only) {
    accept_all();
    auto peer = open();
    std::vector<uint32_t> inside = {1, 2, 3, 100, 1000, 1460, 10'000, 32'767, 32'768, 40'000, 60'000};
    for (const uint32_t offset : inside) {
        wait_for_challenge();
        peer->send({.flags = tcp_rst, .seq = peer->seq + offset});
        const sim::segment challenge = peer->next();
        EXPECT_EQ(challenge.flags, tcp_ack) << offset;
        EXPECT_EQ(challenge.ack, peer->seq);
        EXPECT_EQ(state_of(), "01");
    }
    EXPECT_EQ(counted(mib::tcpext_challenge_acks), inside.size());
    EXPECT_EQ(drops(drop_reason::tcp_bad_reset), inside.size());
    unsigned outside = 0;
    for (uint64_t offset = 65'536 + 1; offset < 0xffffffff - 65'536; offset += 19'999'991) {
        peer->send({.flags = tcp_rst, .seq = peer->seq + static_cast<uint32_t>(offset)});
        outside++;
    }
    for (const uint32_t offset : {1u, 2u, 1000u, 65'535u}) { // behind
        peer->send({.flags = tcp_rst, .seq = peer->seq - offset});
        outside++;
    }
    peer->expect_silence();
    EXPECT_EQ(drops(drop_reason::tcp_out_of_window), outside);
    EXPECT_EQ(state_of(), "01");
    peer->send({.flags = tcp_rst, .seq = peer->seq});
    peer->expect_silence();
    EXPECT_EQ(state_of(), "");
    EXPECT_EQ(children[0].recv().result, -ECONNRESET);
}

TEST_F(attack_tcp_blind, T3_a_syn_in_a_connection_gets_a_challenge_and_nothing_else) {
    accept_all();
    auto peer = open();
    unsigned sent = 0;
    for (uint32_t offset = 0; sent < 200; offset += 0x01480A3D) { // all around the sequence space
        for (const uint8_t flags : {uint8_t{tcp_syn}, syn_ack}) {
            wait_for_challenge();
            peer->send({.flags = flags, .seq = peer->seq + offset});
            const sim::segment challenge = peer->next();
            EXPECT_EQ(challenge.flags, tcp_ack);
            EXPECT_EQ(challenge.ack, peer->seq);
            sent++;
        }
    }
    EXPECT_EQ(counted(mib::tcpext_challenge_acks), sent);
    EXPECT_EQ(counted(mib::tcpext_syn_challenges), sent);
    EXPECT_EQ(state_of(), "01");
    peer->send({.flags = psh_ack, .payload = "still here"});
    EXPECT_EQ(children[0].recv().data, "still here");
}

TEST_F(attack_tcp_blind, T4_data_with_an_ack_that_cannot_be_is_dropped) {
    accept_all();
    auto peer = open();
    const uint32_t nxt = peer->received;
    std::vector<uint32_t> bad = {nxt + 1,      nxt + 2,       nxt + 1000,       nxt + 0x7fffffff,
                                 nxt - 65'536, nxt - 100'000, nxt - 0x7fffffff, nxt + 0x80000000u};
    for (uint64_t offset = 65'536 * 2; offset < 0xffffffff - 65'536 * 2; offset += 99'999'989) {
        bad.push_back(nxt + static_cast<uint32_t>(offset));
    }
    for (const uint32_t ack : bad) {
        wait_for_challenge();
        peer->send({.flags = psh_ack, .payload = "injected", .seq = peer->seq, .ack = ack});
        const sim::segment challenge = peer->next();
        EXPECT_EQ(challenge.flags, tcp_ack);
        EXPECT_EQ(challenge.ack, peer->seq);
    }
    EXPECT_EQ(drops(drop_reason::tcp_bad_ack), bad.size());
    EXPECT_EQ(children[0].recv(100, MSG_DONTWAIT).result, -EAGAIN);
    // The oldest that RFC 5961 §5.2 lets pass: one window ago.
    peer->send({.flags = psh_ack, .payload = "late", .ack = nxt - 65'535});
    EXPECT_EQ(children[0].recv(100, MSG_DONTWAIT).data, "late");
}

TEST_F(attack_tcp_blind, T5_challenges_are_counted_per_connection) {
    accept_all();
    auto probed = open(1000);
    auto attacked = open(1001);
    // CVE-2016-5696: spoofed guesses at one connection must not use up what another may send.
    unsigned spoofed_answers = 0;
    unsigned own_answers = 0;
    for (int i = 0; i < 1000; i++) { // ten seconds
        attacked->send({.flags = tcp_rst, .seq = attacked->seq + 10});
        probed->send({.flags = tcp_rst, .seq = probed->seq + 10});
        world.run_for(10 * millisecond - 200 * microsecond);
    }
    while (attacked->try_next(millisecond)) {
        spoofed_answers++;
    }
    while (probed->try_next(millisecond)) {
        own_answers++;
    }
    EXPECT_EQ(spoofed_answers, 20u); // one in 500 ms
    EXPECT_EQ(own_answers, 20u);
    EXPECT_EQ(counted(mib::tcpext_challenge_acks), 40u);
}

TEST_F(attack_tcp_blind, T6_a_peer_that_answers_every_ack_with_nonsense_is_not_answered_for_ever) {
    accept_all();
    auto peer = open();
    const std::vector<std::pair<uint32_t, uint32_t>> nonsense = {
        {0, 1000},                 // acknowledges what was never sent
        {0x40000000u, 0},          // behind the window
        {0xffffffffu - 70'000, 0}, // before it
    };
    for (const auto& [seq_offset, ack_offset] : nonsense) {
        world.run_for(2 * second);
        auto answer = [&] {
            peer->send({.seq = peer->seq + seq_offset, .ack = peer->received + ack_offset});
        };
        answer();
        unsigned packets = 1;
        while (const auto segment = peer->try_next(5 * second)) {
            packets++;
            ASSERT_LT(packets, 10u);
            answer();
            packets++;
        }
        EXPECT_LT(packets, 10u);
    }
    EXPECT_EQ(state_of(), "01");
}

// Joncheray's storm: both ends of a real connection are brought out of step by injected data, so that each
// acknowledges what the other has never sent.
TEST_F(attack_tcp_blind, T6_two_hosts_out_of_step_calm_down) {
    accept_all();
    auto client = std::make_unique<sim::user_socket>(*companion, SOCK_STREAM);
    world.spawn("client", [&] {
        ASSERT_EQ(client->connect(victim_ip(), port), 0);
        client->send("a");
    });
    world.run();
    world.run_for(second);
    std::optional<sim::segment> to_victim;
    for (const sim::frame& each : companion->card->sent) {
        if (auto found = sim::parse_segment(each); found && found->payload == "a") {
            to_victim = found;
        }
    }
    ASSERT_TRUE(to_victim);
    std::optional<sim::segment> to_friend;
    for (const sim::frame& each : victim->card->sent) {
        if (auto found = sim::parse_segment(each); found && found->source_port == port) {
            to_friend = found;
        }
    }
    ASSERT_TRUE(to_friend);
    sim::segment forged = *to_victim;
    forged.seq += 1;
    forged.payload = "xxxxxxxxxx";
    forged.options.timestamp_value += 1;
    sim::segment other = *to_friend;
    other.flags = psh_ack;
    other.payload = "yyyyyyyyyy";
    other.options.timestamp_value += 1;
    const uint64_t carried_before = wire->carried;
    victim->card->receive(sim::build_segment(forged, companion->device().mac, victim_mac()));
    companion->card->receive(sim::build_segment(other, victim_mac(), companion->device().mac));
    world.run_for(20 * second);
    EXPECT_LT(wire->carried - carried_before, 10u);
    EXPECT_EQ(children.at(0).recv(100, MSG_DONTWAIT).data, "axxxxxxxxxx"); // the storm was real
    // Neither can be closed in order any more; both get rid of it.
    const linger at_once = {.l_onoff = 1, .l_linger = 0};
    client->set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    children[0].set_option(SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    children.clear();
    client.reset();
}

TEST_F(attack_tcp_blind, T20_time_wait_is_not_assassinated) {
    accept_all();
    auto peer = open();
    children.clear(); // the victim closes first
    EXPECT_EQ(peer->next().flags, fin_ack);
    peer->send({});
    peer->send({.flags = fin_ack});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    ASSERT_EQ(state_of(), "06");
    // RFC 1337: no RST ends it, and no answer to an old segment makes the peer send one.
    for (const uint32_t offset : {0u, 1u, 1000u, 65'535u, 0x7fffffffu, 0xffffffffu}) {
        for (const int flags : {tcp_rst | 0, tcp_rst | tcp_ack, tcp_rst | tcp_syn}) {
            peer->send({.flags = static_cast<uint8_t>(flags), .seq = peer->seq + offset});
        }
    }
    peer->expect_silence();
    EXPECT_EQ(state_of(), "06");
    // Nor does a SYN that could be an old one, or one that opens nothing.
    for (const uint32_t offset : {0u, 1u, 1000u, 0x7fffffffu}) {
        world.run_for(second);
        peer->send({.flags = tcp_syn, .seq = peer->seq - offset});
        EXPECT_EQ(peer->next().flags, tcp_ack) << offset;
        EXPECT_EQ(state_of(), "06");
    }
    world.run_for(second);
    peer->send({.flags = tcp_syn | tcp_fin, .seq = peer->seq + 1000});
    peer->send({.flags = syn_ack, .seq = peer->seq + 1000});
    EXPECT_EQ(peer->next().flags, tcp_ack);
    EXPECT_EQ(state_of(), "06");
    // RFC 6191, 9293 §3.10.7.8: a SYN above everything that was may open anew.
    world.run_for(second);
    peer->send({.flags = tcp_syn, .seq = peer->seq + 1000});
    EXPECT_EQ(peer->next().flags, syn_ack);
}

TEST_F(attack_tcp_blind, T20_with_timestamps_the_clock_decides) {
    accept_all();
    auto peer = make_peer();
    peer->syn_options.has_timestamp = true;
    peer->syn_options.timestamp_value = 1000;
    auto stamped = [&](uint8_t flags, uint32_t seq, uint32_t stamp) {
        net::wire::tcp_options options;
        options.has_timestamp = true;
        options.timestamp_value = stamp;
        peer->send({.flags = flags, .seq = seq, .options = options});
    };
    peer->send({.flags = tcp_syn, .options = peer->syn_options});
    peer->next();
    stamped(tcp_ack, peer->seq, 1001);
    world.run_for(millisecond);
    children.clear();
    EXPECT_EQ(peer->next().flags, fin_ack);
    stamped(fin_ack, peer->seq, 1002);
    EXPECT_EQ(peer->next().flags, tcp_ack);
    ASSERT_EQ(state_of(), "06");
    world.run_for(2 * second);
    stamped(tcp_syn, peer->seq + 5000, 900); // a higher number, but an older clock
    EXPECT_EQ(peer->next().flags, tcp_ack);
    EXPECT_EQ(state_of(), "06");
    world.run_for(2 * second);
    stamped(tcp_syn, peer->seq - 5000, 3000); // a lower number and a later clock
    EXPECT_EQ(peer->next().flags, syn_ack);
}

TEST_F(attack_tcp_blind, T21_a_peer_that_lost_its_memory_is_noticed_at_the_first_segment) {
    accept_all();
    auto peer = open();
    // It has rebooted and connects again from the same port: challenge, its RST, and the way is free.
    auto reborn = make_peer();
    reborn->iss = reborn->seq = 0x12345678;
    reborn->send({.flags = tcp_syn, .seq = reborn->iss});
    sim::segment challenge = reborn->next();
    while (challenge.flags == syn_ack) {
        challenge = reborn->next(); // of the first life: the log starts there
    }
    EXPECT_EQ(challenge.flags, tcp_ack);
    EXPECT_EQ(challenge.ack, peer->seq);
    reborn->send({.flags = tcp_rst, .seq = challenge.ack});
    EXPECT_EQ(children[0].recv().result, -ECONNRESET);
    children.clear();
    reborn->seq = reborn->iss;
    reborn->send({.flags = tcp_syn});
    EXPECT_EQ(reborn->next().flags, syn_ack);
    reborn->send({});
    EXPECT_EQ(state_of(), "01");
    EXPECT_EQ(children.size(), 1u);
    // A segment of the victim's that finds nobody is answered with a RST; the program learns it.
    world.spawn("writer", [&] { EXPECT_EQ(children[0].send("anybody?"), 8); });
    const sim::segment data = reborn->next();
    reborn->send({.flags = tcp_rst, .seq = data.ack});
    EXPECT_EQ(children[0].recv().result, -ECONNRESET);
}

TEST_F(attack_tcp_blind, T31_a_reset_is_never_answered) {
    for (unsigned extra = 0; extra < 64; extra++) {
        for (const uint16_t to : {port, uint16_t{81}, echo_port}) {
            const auto flags = static_cast<uint8_t>(extra | tcp_rst);
            flood(frame_of(segment_to(to, 1000, flags, 5, 6)));
        }
        world.run_for(millisecond);
    }
    EXPECT_EQ(drops(drop_reason::tcp_no_socket), 64u * 3);
    EXPECT_EQ(sent_to_others(), 0u);
}

// One bucket for all, not one per class of sources: a source costs an attacker nothing, so that buckets by
// source would only multiply what a third party gets.
TEST_F(attack_tcp_blind, T31_resets_are_limited_to_200_a_second) {
    for (unsigned i = 0; i < 20'000; i++) { // two seconds
        sim::segment stray = segment_to(81, static_cast<uint16_t>(1024 + i % 60'000), tcp_ack, i, i);
        flood(frame_of(stray));
        if (i % 10 == 9) {
            world.run_for(millisecond);
        }
    }
    EXPECT_EQ(drops(drop_reason::tcp_no_socket), 20'000u);
    EXPECT_LE(counted(mib::tcp_out_resets), 3 * 200u); // three calendar seconds may be touched
    EXPECT_GE(counted(mib::tcp_out_resets), 2 * 200u);
    EXPECT_EQ(sent_to_others(), counted(mib::tcp_out_resets));
    expect_baseline_after(second);
}

} // namespace
