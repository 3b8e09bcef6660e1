// Attacks on work and on arithmetic: windows, out-of-order queues, scoreboards, congestion control. Ids T10
// to T14 and T27 to T29.

#include "attack/tcp_bed.hpp"
#include "net/ipv4/tcp_reassembly.hpp"
#include "net/ipv4/tcp_table.hpp"

#include <ctime>

namespace {

using namespace attack;

/// Processor time of this process: fair on a busy machine.
double seconds_of_work(const std::function<void()>& work) {
    const std::clock_t began = std::clock();
    work();
    return static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
}

struct attack_tcp_work : tcp_bed {
    void SetUp() override {
        tcp_bed::SetUp();
        victim->stack().settings.tcp_wmem.initial = 4 << 20; // what a program writes is in the queue at once
        accept_all();
    }
    net::tcp_sock& sock_of(uint16_t remote_port = 1000) {
        const net::tcp_key key = {victim_ip(), attacker->ip, port, remote_port};
        return *net::tcp_find_connection(victim->stack(), key).connection;
    }
    /// The program of connection `index` writes for as long as it can, without ever blocking the test.
    void write(const std::string& text, size_t index = 0) {
        world.spawn_daemon("writer", [this, text, index] { children.at(index).send(text, MSG_NOSIGNAL); });
        world.run_for(millisecond);
    }
    std::string read_all(size_t index = 0) {
        std::string all;
        for (sim::received got = children.at(index).recv(65536, MSG_DONTWAIT); got.result > 0;
             got = children.at(index).recv(65536, MSG_DONTWAIT)) {
            all += got.data;
        }
        return all;
    }
    std::unique_ptr<sim::tcp_peer> open(uint16_t mss, uint16_t window = 65535, uint16_t source_port = 1000) {
        std::unique_ptr<sim::tcp_peer> peer = make_peer(source_port);
        peer->syn_options.has_mss = true;
        peer->syn_options.mss = mss;
        peer->syn_options.sack_permitted = true;
        peer->window = window;
        peer->connect();
        return peer;
    }
    /// An ACK with these blocks, relative to a sequence number.
    sim::frame sack(uint32_t seq, uint32_t una, std::vector<std::pair<uint32_t, uint32_t>> blocks) {
        sim::segment ack = segment_to(port, 1000, tcp_ack, seq, una);
        ack.window = 65535;
        for (const auto& [start, end] : blocks) {
            ack.options.sacks[ack.options.sack_count++] = {seq_of(una + start), seq_of(una + end)};
        }
        return frame_of(ack);
    }
    static net::wire::seq seq_of(uint32_t number) { return net::wire::seq(number); }
    void expect_flight_makes_sense(const net::tcp_sock& sk) {
        EXPECT_LE(sk.sacked_out + sk.lost_out, sk.packets_out);
        EXPECT_LE(sk.retransmitted_out, sk.packets_out);
        EXPECT_LE(sk.snd_una, sk.snd_nxt);
    }
};

TEST_F(attack_tcp_work, T10_a_window_of_one_byte_does_not_make_a_stream_of_single_bytes) {
    auto peer = open(1460, 1000);
    write(std::string(20'000, 'w'));
    unsigned tiny = 0;
    uint32_t got = 0;
    const net::port::time_ns end = world.now() + 20 * second;
    while (world.now() < end && got < 20'000) {
        const auto segment = peer->try_next(second);
        if (!segment) {
            continue;
        }
        got += static_cast<uint32_t>(segment->payload.size());
        tiny += segment->payload.size() == 1 ? 1 : 0;
        peer->received = segment->end();
        peer->send({.window = 1}); // from now on a byte at a time
    }
    EXPECT_LE(tiny, 101u); // by the override timer of 200 ms, not by each ACK (RFC 9293 §3.8.6.2.1)
    peer->send({.window = 65535});
    while (got < 20'000) {
        const auto segment = peer->try_next(10 * second);
        ASSERT_TRUE(segment);
        if (segment->seq == peer->received) {
            got += static_cast<uint32_t>(segment->payload.size());
            peer->received = segment->end();
        }
        peer->send({});
    }
    EXPECT_EQ(got, 20'000u);
}

TEST_F(attack_tcp_work, T10_a_reader_of_single_bytes_does_not_open_the_window_by_single_bytes) {
    children.reserve(4);
    auto peer = open(1460);
    std::string filler(1460, 'r');
    while (true) { // until the window is closed
        peer->send({.flags = psh_ack, .payload = filler});
        const auto answer = peer->try_next(300 * millisecond);
        if (answer && answer->window < 1460) {
            break;
        }
    }
    world.run_for(second);
    while (peer->try_next(millisecond)) {
    }
    unsigned updates = 0;
    for (int i = 0; i < 3000; i++) {
        ASSERT_EQ(children[0].recv(1).result, 1);
        while (const auto update = peer->try_next(microsecond)) {
            updates++;
            EXPECT_TRUE(update->window == 0 || update->window >= 1460) << update->window;
        }
    }
    EXPECT_LE(updates, 3u);
}

TEST_F(attack_tcp_work, T10_a_window_that_shrinks_below_what_was_sent) {
    auto peer = open(1000, 10'000);
    write(std::string(30'000, 'w'));
    const uint32_t una = peer->received;
    world.run_for(10 * millisecond);
    const net::tcp_sock& sk = sock_of();
    ASSERT_EQ(sk.snd_nxt - seq_of(una), 10'000);
    for (const uint16_t window : {9999, 5000, 100, 1, 0}) {
        peer->send({.ack = una + 1000, .window = window});
        expect_flight_makes_sense(sk);
        EXPECT_EQ(sk.snd_nxt - seq_of(una), 10'000); // nothing new, nothing negative
    }
    // Everything beyond the window is silent except for the oldest segment, as a probe.
    while (peer->try_next(millisecond)) {
    }
    for (int i = 0; i < 3; i++) {
        const sim::segment probe = peer->next(20 * second);
        EXPECT_EQ(probe.seq, una + 1000);
    }
    peer->received = una + 1000;
    peer->send({.window = 65535});
    uint32_t got = 1000;
    while (got < 30'000) {
        const auto segment = peer->try_next(10 * second);
        ASSERT_TRUE(segment);
        if (segment->seq <= una + got && segment->end() > una + got) {
            got = segment->end() - una;
        }
        peer->received = una + got;
        peer->send({});
        expect_flight_makes_sense(sk);
    }
    EXPECT_EQ(got, 30'000u);
}

TEST_F(attack_tcp_work, T11_segmentsmack_every_second_byte) {
    constexpr uint32_t segments = 50'000;
    constexpr uint32_t span = 60'000; // within the window
    auto peer = open(1460);
    const uint32_t start = peer->seq;
    children.at(0).set_option(SOL_SOCKET, SO_RCVBUF, 1 << 20); // so that the number of ranges is what counts
    sim::segment one = segment_to(port, 1000, psh_ack, 0, peer->received);
    one.payload = "z";
    unsigned most_ranges = 0;
    uint64_t most_bytes = 0;
    const double work = seconds_of_work([&] {
        for (uint32_t i = 0; i < segments; i++) {
            one.seq = start + 2 + 2 * static_cast<uint32_t>(world.random()() % (span / 2));
            flood(frame_of(one));
            if (i % 100 == 99) {
                world.run_for(millisecond); // 100,000 a second
                most_ranges = std::max<unsigned>(most_ranges, sock_of().range_count);
                most_bytes = std::max(most_bytes, victim->stack().skb_bytes);
                forget_sent();
            }
        }
    });
    EXPECT_EQ(most_ranges, net::tcp_out_of_order_ranges);
    EXPECT_LE(most_bytes, before.skb_bytes + (256u + 100) * 2048); // 100 are under way
    EXPECT_GT(drops(drop_reason::tcp_out_of_order_limit), 0u);
    // The same number of segments in order, each of them answered as well, for there is a hole ahead.
    auto other = open(1460, 65535, 1001);
    sim::segment next = segment_to(port, 1001, psh_ack, other->seq + span, other->received);
    next.payload = "z";
    flood(frame_of(next));
    size_t in_order_bytes = 0;
    const double in_order = seconds_of_work([&] {
        for (uint32_t i = 0; i < segments; i++) {
            next.seq = other->seq + i;
            flood(frame_of(next));
            if (i % 100 == 99) {
                world.run_for(millisecond);
                forget_sent();
                in_order_bytes += read_all(1).size();
            }
        }
    });
    EXPECT_EQ(in_order_bytes, segments);
    EXPECT_LT(work, 2 * in_order) << "out of order " << work << " s, in order " << in_order << " s";
    // And the stream is still right: what fills the holes brings everything.
    std::string got;
    for (uint32_t at = 0; at < span; at += 1000) {
        sim::segment filler = segment_to(port, 1000, psh_ack, start + at, peer->received);
        filler.payload = std::string(1000, 'z');
        flood(frame_of(filler));
        world.run_for(millisecond);
        got += read_all();
    }
    EXPECT_EQ(got, std::string(got.size(), 'z'));
    EXPECT_GE(got.size(), span);
    EXPECT_EQ(sock_of().range_count, 0u);
}

TEST_F(attack_tcp_work, T12_sack_panic_tiny_segments_cut_many_times) {
    for (const uint16_t mss : {8, 48}) {
        const auto from = static_cast<uint16_t>(1000 + mss);
        auto peer = open(mss, 65535, from);
        children.back().set_option(SOL_SOCKET, SO_SNDBUF, 1 << 20);
        net::tcp_sock& sk = sock_of(from);
        EXPECT_EQ(sk.mss_cache, 48u);
        sk.snd_cwnd = 5000; // as a long transfer would have made it
        const uint32_t una = peer->received;
        write(std::string(60'000, 's'), children.size() - 1);
        world.run_for(10 * millisecond);
        const auto flight = static_cast<uint32_t>(sk.snd_nxt - seq_of(una));
        ASSERT_GT(flight, 20'000u);
        ASSERT_EQ(sk.packets_out, (flight + 47) / 48);
        // Cut at and inside every kind of boundary, then shift everything together again.
        for (uint32_t i = 0; i < 3000; i++) {
            const auto start = static_cast<uint32_t>(world.random()() % flight);
            const auto length = static_cast<uint32_t>(1 + world.random()() % 4000);
            sim::segment ack = segment_to(port, from, tcp_ack, peer->seq, una);
            ack.window = 65535;
            ack.options.sack_count = 1;
            ack.options.sacks[0] = {seq_of(una + start), seq_of(una + std::min(start + length, flight))};
            flood(frame_of(ack));
            if (i % 20 == 19) {
                world.run_for(millisecond);
                expect_flight_makes_sense(sk);
                EXPECT_LE(sk.retransmit_queue.count(), 2u * 256 + 64);
                forget_sent();
            }
        }
        sim::segment whole = segment_to(port, from, tcp_ack, peer->seq, sk.snd_nxt.value);
        whole.window = 65535;
        flood(frame_of(whole));
        world.run_for(millisecond);
        expect_flight_makes_sense(sk);
        EXPECT_EQ(sk.sacked_out, 0u);
    }
}

TEST_F(attack_tcp_work, T13_sack_of_every_second_segment_costs_bounded_work) {
    auto peer = open(48);
    children.at(0).set_option(SOL_SOCKET, SO_SNDBUF, 1 << 20);
    net::tcp_sock& sk = sock_of();
    sk.snd_cwnd = 5000;
    const uint32_t una = peer->received;
    write(std::string(60'000, 's'));
    world.run_for(10 * millisecond);
    const auto flight = static_cast<uint32_t>(sk.snd_nxt - seq_of(una));
    ASSERT_GT(flight, 20'000u);
    unsigned most_packets = 0;
    for (int round = 0; round < 20; round++) {
        for (uint32_t at = 48; at + 8 * 48 < flight; at += 4 * 96) {
            flood(sack(peer->seq, una,
                       {{at, at + 48}, {at + 96, at + 144}, {at + 192, at + 240}, {at + 288, at + 336}}));
            world.run_for(100 * microsecond);
        }
        most_packets = std::max<unsigned>(most_packets, sk.retransmit_queue.count());
        expect_flight_makes_sense(sk);
        forget_sent();
    }
    // 256 blocks and the holes between them; what is said beyond is ignored.
    EXPECT_GT(most_packets, 256u);
    EXPECT_LE(most_packets, 2u * 256 + 64);
    EXPECT_LE(sk.sacked_out, sk.packets_out);
    // Everything acknowledged: nothing of it is left.
    sim::segment whole = segment_to(port, 1000, tcp_ack, peer->seq, sk.snd_nxt.value);
    whole.window = 65535;
    flood(frame_of(whole));
    world.run_for(millisecond);
    expect_flight_makes_sense(sk);
}

TEST_F(attack_tcp_work, T14_a_tiny_mss_costs_a_bounded_overhead) {
    for (uint16_t mss = 1; mss <= 88; mss++) {
        const auto from = static_cast<uint16_t>(1000 + mss);
        auto peer = open(mss, 65535, from);
        forget_sent();
        write(std::string(400, 'm'), children.size() - 1);
        size_t payload = 0;
        size_t segments = 0;
        for (const sim::segment& each : segments_sent()) {
            if (each.destination_port == from) {
                payload += each.payload.size();
                segments++;
                EXPECT_LE(each.payload.size(), std::max<size_t>(mss, 48));
            }
        }
        EXPECT_EQ(payload, 400u);
        EXPECT_LE(segments, (400 + 47) / 48u);
        sim::segment reset = segment_to(port, from, tcp_rst, peer->seq);
        flood(frame_of(reset));
        world.run_for(millisecond);
    }
}

TEST_F(attack_tcp_work, T14_a_tiny_window_does_not_lower_the_floor) {
    for (const uint16_t window : {1, 2, 10, 47, 60, 95}) {
        const auto from = static_cast<uint16_t>(1000 + window);
        auto peer = open(1460, window, from);
        EXPECT_GE(sock_of(from).mss_cache, 48u) << window;
    }
}

TEST_F(attack_tcp_work, T27_acknowledging_early_or_by_bytes_does_not_speed_us_up) {
    auto peer = open(1000);
    net::tcp_sock& sk = sock_of();
    const uint32_t una = peer->received;
    write(std::string(400'000, 'a'));
    ASSERT_EQ(sk.snd_cwnd, 10u);
    const auto in_flight = static_cast<uint32_t>(sk.snd_nxt - seq_of(una));
    ASSERT_EQ(in_flight, 10'000u);
    // What was not sent yet cannot have arrived.
    for (const uint32_t early : {1u, 1000u, 50'000u}) {
        world.run_for(600 * millisecond / 100);
        flood(sack(peer->seq, una + in_flight + early, {}));
    }
    world.run_for(microsecond);
    EXPECT_EQ(drops(drop_reason::tcp_bad_ack), 3u);
    EXPECT_EQ(sk.snd_cwnd, 10u);
    EXPECT_EQ(sk.snd_una, seq_of(una));
    // A thousand ACKs for one segment are one segment (RFC 3465).
    for (uint32_t byte = 1; byte <= 1000; byte++) {
        flood(sack(peer->seq, una + byte, {}));
    }
    world.run_for(microsecond);
    EXPECT_LE(sk.snd_cwnd, 12u);
    EXPECT_LE(sk.snd_nxt - seq_of(una), 14'000);
}

TEST_F(attack_tcp_work, T28_a_hundred_thousand_duplicate_acks_inflate_nothing_beyond_the_flight) {
    for (const bool with_sack : {true, false}) {
        const uint16_t from = with_sack ? 1000 : 1001;
        auto peer = make_peer(from);
        peer->syn_options.has_mss = true;
        peer->syn_options.mss = 1000;
        peer->syn_options.sack_permitted = with_sack;
        peer->connect();
        net::tcp_sock& sk = sock_of(from);
        const uint32_t una = peer->received;
        write(std::string(400'000, 'd'), children.size() - 1);
        const uint32_t cwnd = sk.snd_cwnd;
        const uint32_t flight = sk.packets_out;
        const uint32_t sent_before = sk.data_segments_out;
        sim::segment duplicate = segment_to(port, from, tcp_ack, peer->seq, una);
        duplicate.window = 65535;
        for (int i = 0; i < 100'000; i++) {
            flood(frame_of(duplicate));
            if (i % 1000 == 999) {
                world.run_for(10 * microsecond);
                expect_flight_makes_sense(sk);
                forget_sent();
            }
        }
        // Limited transmit, one retransmission, and one segment for each that can have left the network.
        // Without SACK every duplicate says that one has (RFC 5681 §3.2), so that only the peer's window ends
        // it.
        const uint32_t most = with_sack ? 2 * flight : 65;
        EXPECT_LE(sk.snd_cwnd, cwnd);
        EXPECT_LE(sk.data_segments_out - sent_before, most) << with_sack;
        EXPECT_LE(sk.snd_nxt - seq_of(una), static_cast<int32_t>(most * 1000)) << with_sack;
        sim::segment reset = segment_to(port, from, tcp_rst, peer->seq);
        flood(frame_of(reset));
        world.run_for(millisecond);
    }
}

TEST_F(attack_tcp_work, T29_simultaneous_open_and_close_carry_exact_data) {
    std::unique_ptr<sim::user_socket> client;
    world.spawn("client", [&] {
        client = std::make_unique<sim::user_socket>(*victim, SOCK_STREAM);
        ASSERT_EQ(client->bind("0.0.0.0", 4000), 0);
        EXPECT_EQ(client->connect(attacker->ip, 1000), 0);
        EXPECT_EQ(client->send("from the victim"), 15);
    });
    world.run_for(millisecond);
    sim::tcp_peer peer(*victim, attacker_address, 1000, 4000);
    const sim::segment syn = peer.next();
    EXPECT_EQ(syn.flags, tcp_syn);
    peer.send({.flags = tcp_syn}); // crosses ours
    const sim::segment answer = peer.next();
    EXPECT_EQ(answer.flags, syn_ack);
    EXPECT_EQ(answer.seq, syn.seq);
    EXPECT_EQ(state_of(1000, 4000), "03");
    peer.send({.flags = syn_ack, .seq = peer.iss});
    EXPECT_EQ(peer.next().payload, "from the victim");
    EXPECT_EQ(state_of(1000, 4000), "01");
    peer.send({.flags = psh_ack, .payload = "from the attacker"});
    EXPECT_EQ(client->recv(100, MSG_DONTWAIT).data, "from the attacker");
    client.reset();
    sim::segment fin = peer.next();
    while ((fin.flags & tcp_fin) == 0) {
        fin = peer.next();
    }
    peer.send({.flags = fin_ack, .ack = fin.seq}); // crosses it
    EXPECT_EQ(peer.next().ack, peer.seq);
    EXPECT_EQ(state_of(1000, 4000), "0B");
    peer.send({});
    EXPECT_EQ(state_of(1000, 4000), "06");
    world.run_for(61 * second);
    EXPECT_EQ(state_of(1000, 4000), "");
}

TEST_F(attack_tcp_work, T29_a_socket_that_connects_to_itself_echoes_exactly) {
    const std::string text(50'000, 'n');
    world.spawn("narcissus", [&] {
        sim::user_socket self(*victim, SOCK_STREAM);
        ASSERT_EQ(self.bind(victim_address, 5000), 0);
        ASSERT_EQ(self.connect(victim_address, 5000), 0);
        std::string back;
        for (size_t at = 0; at < text.size(); at += 1000) {
            ASSERT_EQ(self.send(text.substr(at, 1000)), 1000);
            back += self.recv(1000).data;
        }
        while (back.size() < text.size()) {
            back += self.recv(1000).data;
        }
        EXPECT_EQ(back, text);
        EXPECT_EQ(self.shutdown(SHUT_WR), 0);
        EXPECT_EQ(self.recv().result, 0);
    });
    world.run();
}

} // namespace
