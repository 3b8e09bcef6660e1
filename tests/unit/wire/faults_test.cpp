// Each statement of the notation does what tests/wire/link/README.md says.

#include "tests/wire/link/faults.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr uint64_t ms = wire::nanoseconds_per_ms;
constexpr uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;

/// A TCP segment from nowhere to nowhere that carries its number, padded as Ethernet does.
wire::frame tcp_segment(uint8_t number, uint8_t flags, uint8_t payload_bytes) {
    wire::frame out(14 + 40 + payload_bytes);
    out[12] = 0x08;
    out[14] = 0x45;
    out[14 + 3] = 40 + payload_bytes;
    out[14 + 5] = number;
    out[14 + 9] = 6;
    out[34 + 12] = 0x50;
    out[34 + 13] = flags;
    out.resize(std::max<size_t>(out.size(), 60));
    return out;
}
wire::frame data(uint8_t number) {
    return tcp_segment(number, ack | psh, 100);
}
wire::frame arp(uint8_t number) {
    wire::frame out(60);
    out[12] = 0x08;
    out[13] = 0x06;
    out[19] = number;
    return out;
}
int number_of(const wire::frame& of) {
    return of[19];
}

/// What arrives, by number, of `count` data segments sent one after the other, a millisecond apart.
std::vector<int> arrivals(std::string_view script, int count, uint64_t seed = 1) {
    wire::direction way(script, seed, 0);
    std::vector<int> out;
    for (int i = 1; i <= count; i++) {
        way.send(data(i), i * ms);
    }
    while (auto got = way.receive(wire::never_ns - 1)) {
        out.push_back(number_of(*got));
    }
    return out;
}

TEST(FaultyWire, PassesEverythingWithoutAScript) {
    EXPECT_EQ(arrivals("", 4), (std::vector{1, 2, 3, 4}));
    EXPECT_EQ(arrivals(" ; ", 2), (std::vector{1, 2}));
}

TEST(FaultyWire, DropsByNumber) {
    EXPECT_EQ(arrivals("drop 2", 4), (std::vector{1, 3, 4}));
    EXPECT_EQ(arrivals("drop 1,3-5", 6), (std::vector{2, 6}));
    EXPECT_EQ(arrivals("drop all", 3), (std::vector<int>{}));
}

TEST(FaultyWire, CountsKindsApart) {
    wire::direction way("drop data 2; drop ack 1; drop syn 1; drop fin 2; drop rst 1; drop arp 2", 1, 0);
    way.send(tcp_segment(1, syn, 0), 0);       // dropped
    way.send(tcp_segment(2, ack, 0), 0);       // dropped
    way.send(data(3), 0);                      //
    way.send(arp(4), 0);                       //
    way.send(data(5), 0);                      // dropped
    way.send(tcp_segment(6, ack | fin, 0), 0); //
    way.send(tcp_segment(7, ack, 0), 0);       //
    way.send(tcp_segment(8, fin | ack, 9), 0); // dropped
    way.send(arp(9), 0);                       // dropped
    way.send(tcp_segment(10, rst, 0), 0);      // dropped
    std::vector<int> got;
    while (auto next = way.receive(0)) {
        got.push_back(number_of(*next));
    }
    EXPECT_EQ(got, (std::vector{3, 4, 6, 7}));
    EXPECT_EQ(way.sent(), 10u);
    EXPECT_EQ(way.received(), 4u);
}

TEST(FaultyWire, SaysWhichStatementTouchedAFrame) {
    wire::direction way("drop data 2; duplicate 1,2", 1, 0);
    EXPECT_EQ(way.send(data(1), 0), "duplicate 1,2");
    EXPECT_EQ(way.send(data(2), 0), "drop data 2");
    EXPECT_EQ(way.send(data(3), 0), "");
    EXPECT_EQ(way.report(), "sent: 3; received: 0; drop data 2: 1; duplicate 1,2: 1");
}

TEST(FaultyWire, Duplicates) {
    EXPECT_EQ(arrivals("duplicate 2", 3), (std::vector{1, 2, 2, 3}));
}

TEST(FaultyWire, ReordersTwoFrames) {
    EXPECT_EQ(arrivals("reorder 2,3", 4), (std::vector{1, 3, 2, 4}));
    EXPECT_EQ(arrivals("reorder data 1,3", 4), (std::vector{2, 3, 1, 4}));
    EXPECT_EQ(arrivals("reorder 2,3; drop 3", 4), (std::vector{1, 2, 4}));
    EXPECT_EQ(arrivals("drop 2; reorder 2,3", 4), (std::vector{1, 3, 4}));
}

TEST(FaultyWire, KeepsAFrameThatNothingPassesForAWhile) {
    wire::direction way("reorder 1,2", 1, 0);
    way.send(data(1), 5 * ms);
    EXPECT_EQ(way.next_arrival_ns(), 105 * ms);
    EXPECT_FALSE(way.receive(104 * ms));
    EXPECT_TRUE(way.receive(105 * ms));
    way.send(data(2), 106 * ms); // has nothing to release
    EXPECT_EQ(way.next_arrival_ns(), 106 * ms);
}

TEST(FaultyWire, FlipsOneBitOfAFrameAtMost) {
    wire::direction way("corrupt 100%; corrupt checksum 1", 1, 0);
    const wire::frame whole = data(1);
    way.send(whole, 0);
    const std::optional<wire::frame> got = way.receive(0);
    ASSERT_TRUE(got);
    int flipped = 0;
    for (size_t i = 0; i < whole.size(); i++) {
        flipped += std::popcount(static_cast<unsigned>((*got)[i] ^ whole[i]));
    }
    EXPECT_EQ(flipped, 1);
}

TEST(FaultyWire, ReordersByChance) {
    std::vector<int> got = arrivals("reorder 20%", 200);
    EXPECT_EQ(got.size(), 200u);
    EXPECT_FALSE(std::is_sorted(got.begin(), got.end()));
    for (int i = 0; i < 200; i++) {
        EXPECT_LE(std::abs(got[i] - (i + 1)), 1);
    }
}

TEST(FaultyWire, LosesByChanceAsOftenAsSaid) {
    size_t arrived = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        arrived += arrivals("drop 20%", 200, seed).size();
    }
    EXPECT_NEAR(static_cast<double>(arrived), 16000, 300);
    EXPECT_EQ(arrivals("drop 100%", 50).size(), 0u);
    EXPECT_EQ(arrivals("drop ack 100%", 50).size(), 50u);
}

TEST(FaultyWire, LosesInBursts) {
    size_t lost = 0, runs = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        int before = 0;
        for (int each : arrivals("burst 2% 25%", 200, seed)) {
            lost += each - before - 1;
            runs += each - before > 1;
            before = each;
        }
    }
    EXPECT_NEAR(static_cast<double>(lost) / static_cast<double>(runs), 4, 0.5); // 1 / 25 %
    EXPECT_NEAR(static_cast<double>(lost), 20000 * 2.0 / 27, 250);
}

TEST(FaultyWire, Delays) {
    wire::direction way("delay 20 ms; delay data 2 by 5 ms", 1, 0);
    way.send(data(1), 0);
    EXPECT_EQ(way.next_arrival_ns(), 20 * ms);
    EXPECT_FALSE(way.receive(20 * ms - 1));
    EXPECT_TRUE(way.receive(20 * ms));
    way.send(data(2), 100 * ms);
    EXPECT_EQ(way.next_arrival_ns(), 125 * ms);
}

TEST(FaultyWire, JittersWithinTheBound) {
    uint64_t earliest = wire::never_ns, latest = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        wire::direction way("delay 10 ms; jitter 4 ms", seed, 0);
        way.send(data(1), 0);
        earliest = std::min(earliest, way.next_arrival_ns());
        latest = std::max(latest, way.next_arrival_ns());
    }
    EXPECT_GE(earliest, 10 * ms);
    EXPECT_LT(earliest, 11 * ms);
    EXPECT_LT(latest, 14 * ms);
    EXPECT_GT(latest, 13 * ms);
}

TEST(FaultyWire, FlipsOneBit) {
    auto flipped_bits = [](std::string_view script, size_t first, size_t last) {
        wire::direction way(script, 7, 0);
        wire::frame sent = data(1);
        way.send(sent, 0);
        wire::frame got = *way.receive(0);
        int inside = 0, outside = 0;
        for (size_t i = 0; i < sent.size(); i++) {
            (first <= i && i < last ? inside : outside) += __builtin_popcount(sent[i] ^ got[i]);
        }
        return std::pair(inside, outside);
    };
    EXPECT_EQ(flipped_bits("corrupt 1", 14, 154), std::pair(1, 0));
    EXPECT_EQ(flipped_bits("corrupt checksum 1", 50, 52), std::pair(1, 0));
    EXPECT_EQ(flipped_bits("corrupt 100%", 14, 154), std::pair(1, 0));
    EXPECT_EQ(flipped_bits("corrupt data 2", 14, 154), std::pair(0, 0));
}

TEST(FaultyWire, LeavesArpWholeUnlessTold) {
    wire::direction way("corrupt 100%", 1, 0);
    way.send(arp(1), 0);
    EXPECT_EQ(*way.receive(0), arp(1));
    way.set_script("corrupt arp 1", 1, 0);
    way.send(arp(1), 0);
    EXPECT_NE(*way.receive(0), arp(1));
}

TEST(FaultyWire, Truncates) {
    wire::direction way("truncate 1 to 33; truncate 2", 1, 0);
    way.send(data(1), 0);
    EXPECT_EQ(way.receive(0)->size(), 33u);
    way.send(data(2), 0);
    size_t length = way.receive(0)->size();
    EXPECT_GE(length, wire::ethernet_header_bytes);
    EXPECT_LT(length, data(2).size());
}

TEST(FaultyWire, Stalls) {
    wire::direction way("drop data 3; stall 400 ms", 1, 0);
    way.send(data(1), 0);
    EXPECT_EQ(way.next_arrival_ns(), 0u);
    way.send(data(2), 1 * ms);
    way.send(data(3), 2 * ms);
    way.send(data(4), 3 * ms);
    EXPECT_EQ(way.next_arrival_ns(), 402 * ms);
    EXPECT_FALSE(way.receive(401 * ms));
    EXPECT_EQ(number_of(*way.receive(402 * ms)), 1);
    EXPECT_EQ(number_of(*way.receive(402 * ms)), 2);
    EXPECT_EQ(number_of(*way.receive(402 * ms)), 4);

    way.set_script("stall 10 ms at ack 1", 1, 500 * ms);
    way.send(data(1), 500 * ms);
    EXPECT_EQ(way.next_arrival_ns(), 500 * ms);
    way.send(tcp_segment(2, ack, 0), 501 * ms);
    EXPECT_EQ(way.next_arrival_ns(), 511 * ms);
}

TEST(FaultyWire, KeepsToTheRate) {
    wire::direction way("rate 1 Mbit/s queue 2", 1, 0);
    uint64_t one_ns = data(1).size() * 8 * 1000; // a bit takes a microsecond
    for (int i = 1; i <= 4; i++) {
        way.send(data(i), 0);
    }
    EXPECT_EQ(way.next_arrival_ns(), one_ns);
    EXPECT_EQ(number_of(*way.receive(one_ns)), 1);
    EXPECT_EQ(way.next_arrival_ns(), 2 * one_ns);
    EXPECT_EQ(way.under_way(), 2u); // the fourth found two waiting behind the one under way
    way.send(data(5), 10 * one_ns);
    EXPECT_EQ(number_of(*way.receive(2 * one_ns)), 2);
    EXPECT_EQ(number_of(*way.receive(3 * one_ns)), 3);
    EXPECT_EQ(way.next_arrival_ns(), 11 * one_ns);
}

TEST(FaultyWire, GoesDark) {
    EXPECT_EQ(arrivals("blackout for 2500 us", 4), (std::vector{3, 4}));
    EXPECT_EQ(arrivals("blackout from 2 ms for 2 ms", 4), (std::vector{1, 4}));
    EXPECT_EQ(arrivals("flap every 4 ms for 2 ms", 9), (std::vector{1, 4, 5, 8, 9}));
}

TEST(FaultyWire, GivesTheSameFateForTheSameSeed) {
    constexpr auto script =
        "drop 5%; burst 1% 30%; duplicate 3%; reorder 4%; corrupt 2%; truncate 2%; jitter 9 ms";
    auto run = [&](uint64_t seed) {
        wire::direction way(script, seed, 0);
        std::vector<wire::frame> got;
        for (int i = 1; i <= 250; i++) {
            way.send(data(i), i * ms);
        }
        while (auto next = way.receive(wire::never_ns - 1)) {
            got.push_back(*next);
        }
        return got;
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

TEST(FaultyWire, RefusesWhatIsNotInTheNotation) {
    for (auto text : {"dorp 1",
                      "drop",
                      "drop 0",
                      "drop 1-",
                      "drop 5-3",
                      "drop 1.5",
                      "drop 101%",
                      "drop data",
                      "drop 1 2",
                      "reorder 5",
                      "reorder 1,2,3",
                      "delay",
                      "delay 5",
                      "delay 5 minutes",
                      "delay data 3 9 ms",
                      "truncate 1 to 0",
                      "stall 9 ms at 5%",
                      "rate 5 MB",
                      "blackout 5 s",
                      "flap every 1 s for 2 s",
                      "burst 1% 0%"}) {
        EXPECT_THROW(wire::parse_script(text), std::invalid_argument) << text;
    }
    wire::direction way("drop 1", 1, 0);
    EXPECT_THROW(way.set_script("nonsense", 1, 0), std::invalid_argument);
    EXPECT_EQ(way.report(), "sent: 0; received: 0; drop 1: 0"); // the old one stays
}

} // namespace
