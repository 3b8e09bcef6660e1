// Attacks on Ethernet and ARP: ids L1 to L8.

#include "attack/bed.hpp"
#include "kernel/abi/packet.h"
#include "net/ipv4/arp_table.hpp"
#include "sim/segment.hpp"

#include <cstring>

namespace {

using namespace attack;
using net::wire::arp_packet;
using net::wire::arp_reply;
using net::wire::arp_request;

struct attack_link : bed {
    lib::result<net::arp_entry> entry(uint32_t of) { return net::arp_get(victim->stack(), of, nullptr); }
    bool knows(uint32_t address, const uint8_t* mac) {
        const lib::result<net::arp_entry> found = entry(address);
        return found.ok() && std::memcmp(found.value().mac, mac, 6) == 0;
    }
    unsigned neighbours() { return victim->stack().arp->count; }
    size_t replies() {
        return sim::count_sent(*victim, [](const sim::frame& each) {
            const auto* arp = sim::arp_of(each);
            return arp != nullptr && arp->operation == arp_reply;
        });
    }
    size_t announcements() {
        return sim::count_sent(*victim, [this](const sim::frame& each) {
            const auto* arp = sim::arp_of(each);
            return arp != nullptr && arp->sender_address == victim_ip() && arp->target_address == victim_ip();
        });
    }
    sim::frame with_ethernet(const sim::frame& packet) {
        return sim::make_ethernet(victim_mac(), attacker->mac, ETH_P_IP, packet);
    }
    sim::frame syn() {
        sim::segment segment;
        segment.source = attacker->ip;
        segment.destination = victim_ip();
        segment.source_port = 1000;
        segment.destination_port = 81;
        segment.flags = net::wire::tcp_syn;
        segment.options.has_mss = segment.options.has_window_scale = segment.options.has_timestamp = true;
        segment.options.mss = 1460;
        return sim::build_segment(segment, attacker->mac, victim_mac());
    }
};

TEST_F(attack_link, L1_truncated_frames_are_dropped_at_every_length) {
    introduce_attacker();
    sim::ip_fields piece = from_attacker();
    piece.flags_and_offset = 0x2000;
    const std::vector<sim::frame> seeds = {
        arp_frame(*attacker, attacker->arp(arp_request, attacker->ip, victim_ip())),
        with_ethernet(sim::make_udp(from_attacker(), 1000, 7, std::string(40, 'u'))),
        with_ethernet(sim::make_ip(from_attacker(1), sim::make_icmp(8, 0, 1, 1, sim::frame(40, 'e')))),
        with_ethernet(sim::make_ip(piece, sim::frame(64, 'f'))),
        with_ethernet(sim::make_ip(from_attacker(4), sim::frame(64, 'i'))),
        syn(),
    };
    for (const sim::frame& seed : seeds) {
        for (size_t length = 0; length <= 60 && length < seed.size(); length++) {
            const uint64_t before_it = all_drops();
            attacker->inject({seed.begin(), seed.begin() + static_cast<long>(length)});
            EXPECT_EQ(all_drops(), before_it + 1) << length << " bytes of " << seed.size();
        }
    }
    EXPECT_EQ(drops(drop_reason::eth_too_short), 14 * seeds.size());
    EXPECT_EQ(drops(drop_reason::arp_malformed), 28u); // 14 to 41 bytes
    EXPECT_EQ(drops(drop_reason::ip_too_short), 47 * (seeds.size() - 1));
    EXPECT_EQ(victim->device().statistics.rx_length_errors, 14 * seeds.size());
    EXPECT_EQ(sent_to_others(), 0u);
}

// The part about descriptors without end-of-packet belongs to the driver: tests/wire/test_card.py.
TEST_F(attack_link, L2_the_tail_of_an_oversized_frame_is_never_a_frame) {
    introduce_attacker();
    const sim::frame inner = arp_frame(*attacker, attacker->arp(arp_request, attacker->ip, victim_ip()));
    const sim::frame head = with_ethernet(sim::make_udp(from_attacker(), 1000, 9000, "twenty bytes of data"));
    uint64_t delivered = 0;
    world.spawn("receiver", [&] {
        sim::user_socket socket(*victim, SOCK_DGRAM);
        socket.bind("0.0.0.0", 9000);
        for (size_t length = 1515; length <= 16384; length++) {
            sim::frame jumbo(length, 0xee);
            std::copy(head.begin(), head.end(), jumbo.begin());
            for (const size_t at : {1514u, 1518u, 1536u, 2048u, 4096u, 8192u}) {
                if (at + inner.size() <= length) {
                    std::copy(inner.begin(), inner.end(), jumbo.begin() + static_cast<long>(at));
                }
            }
            flood(std::move(jumbo));
            const sim::received got = socket.recv();
            ASSERT_EQ(got.data, "twenty bytes of data") << "frame of " << length;
            delivered++;
        }
        EXPECT_EQ(socket.recv(100, MSG_DONTWAIT).result, -EAGAIN);
    });
    world.run();
    EXPECT_EQ(delivered, 16384u - 1515 + 1);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_link, L3_etherleak_padding_is_zero) {
    introduce_attacker();
    // Fill the memory that buffers come from with something to leak.
    for (int i = 0; i < 200; i++) {
        flood_ip(sim::make_udp(from_attacker(), 1000, 9, std::string(1400, '\xaa')));
        flood_ip(sim::make_udp(from_attacker(), 1000, 9, std::string(100, '\xaa')));
    }
    world.run_for(second);
    forget_sent();
    attacker->inject_arp(attacker->arp(arp_request, attacker->ip, victim_ip()));
    for (size_t length = 0; length < 18; length++) {
        attacker->inject_ip(
            sim::make_ip(from_attacker(1), sim::make_icmp(8, 0, 1, 1, sim::frame(length, 'e'))));
    }
    flood(syn()); // refused: RST of 40 bytes
    world.spawn("sender", [&] {
        sim::user_socket socket(*victim, SOCK_DGRAM);
        for (size_t length = 0; length < 18; length++) {
            socket.send_to(std::string(length, 'u'), attacker->ip, 9);
        }
    });
    world.run();
    world.run_for(second);
    EXPECT_EQ(sent_to_others(), 1u + 18 + 1 + 18);
    for (const sim::frame& each : victim->card->sent) {
        ASSERT_EQ(each.size(), 60u);
        const auto* ip = sim::ip_of(each);
        const size_t end = 14 + (ip != nullptr ? size_t{ip->total_length} : sizeof(arp_packet));
        EXPECT_TRUE(std::all_of(each.begin() + static_cast<long>(end), each.end(),
                                [](uint8_t byte) { return byte == 0; }))
            << "frame with " << end << " bytes of content";
    }
}

TEST_F(attack_link, L4_answers_that_nobody_asked_for_create_nothing) {
    const unsigned neighbours_before = neighbours();
    for (const uint32_t lie : {address("10.0.0.254"), attacker->ip, address("10.0.77.77")}) {
        attacker->inject_arp(attacker->arp(arp_reply, lie, victim_ip())); // unasked
        attacker->inject_arp(attacker->arp(arp_request, lie, lie));       // gratuitous request
        attacker->inject_arp(attacker->arp(arp_reply, lie, lie));         // gratuitous reply
        EXPECT_FALSE(entry(lie).ok());
    }
    EXPECT_EQ(neighbours(), neighbours_before);
    EXPECT_EQ(drops(drop_reason::arp_not_ours), 6u);
    EXPECT_EQ(sent_to_others(), 0u);
}

TEST_F(attack_link, L4_a_live_peer_is_not_replaced_within_the_lock_time) {
    // The friend's entry is made anew, by a question and its answer.
    ASSERT_TRUE(net::arp_delete(victim->stack(), companion->ip(), nullptr).ok());
    expect_alive();
    ASSERT_TRUE(knows(companion->ip(), companion->device().mac));
    for (const uint16_t operation : {arp_reply, arp_request}) {
        attacker->inject_arp(attacker->arp(operation, companion->ip(), victim_ip()));
        attacker->inject_arp(attacker->arp(operation, companion->ip(), companion->ip()));
    }
    EXPECT_TRUE(knows(companion->ip(), companion->device().mac));
    // After the lock time a changed card is believed (it may be a failover), once a second at most; and so
    // is the true owner's next word.
    world.run_for(1100 * millisecond);
    attacker->inject_arp(attacker->arp(arp_reply, companion->ip(), victim_ip()));
    EXPECT_TRUE(knows(companion->ip(), attacker->mac));
    sim::peer owner(*victim, friend_address);
    std::memcpy(owner.mac, companion->device().mac, 6);
    owner.inject_arp(owner.arp(arp_request, companion->ip(), victim_ip()));
    EXPECT_TRUE(knows(companion->ip(), attacker->mac));
    world.run_for(1100 * millisecond);
    owner.inject_arp(owner.arp(arp_request, companion->ip(), victim_ip()));
    EXPECT_TRUE(knows(companion->ip(), companion->device().mac));
}

TEST_F(attack_link, L4_our_own_address_is_defended_at_most_every_ten_seconds) {
    for (int i = 0; i < 300; i++) { // for thirty seconds
        attacker->inject_arp(attacker->arp(i % 2 != 0 ? arp_request : arp_reply, victim_ip(), victim_ip()));
        world.run_for(99 * millisecond);
    }
    EXPECT_EQ(drops(drop_reason::arp_bad_address), 300u);
    EXPECT_EQ(announcements(), 3u);
    EXPECT_EQ(sent_to_others(), 3u);
    EXPECT_FALSE(entry(victim_ip()).ok());
}

TEST_F(attack_link, L5_a_million_strangers_fill_no_more_than_the_table) {
    constexpr unsigned strangers = 1'000'000;
    const net::port::time_ns began = world.now();
    unsigned most = 0;
    for (uint32_t i = 0; i < strangers; i++) {
        attacker->mac[3] = static_cast<uint8_t>(i >> 16);
        attacker->mac[4] = static_cast<uint8_t>(i >> 8);
        attacker->mac[5] = static_cast<uint8_t>(i);
        const auto stranger = static_cast<uint32_t>(address("10.0.1.0") + world.random()() % 65000);
        flood(arp_frame(*attacker, attacker->arp(arp_request, stranger, victim_ip())));
        if (i % 1000 == 999) {
            world.run_for(10 * millisecond); // 100,000 a second
            most = std::max(most, neighbours());
        }
    }
    EXPECT_EQ(most, net::arp_table_limit);
    EXPECT_TRUE(knows(companion->ip(), companion->device().mac)); // in use: never evicted
    // 500 replies a second behind a burst of 100, everything else is counted.
    const auto seconds = static_cast<double>(world.now() - began) / 1e9;
    EXPECT_NEAR(static_cast<double>(replies()), 100 + 500 * seconds, 60);
    EXPECT_EQ(drops(drop_reason::arp_rate_limited) + replies(), strangers);
    forget_sent();
    expect_alive();
    EXPECT_EQ(sent_to_others(), 0u); // the friend did not have to be asked for again
    expect_baseline_after(600 * second);
}

TEST_F(attack_link, L6_ten_thousand_absent_neighbours_cost_a_bounded_queue) {
    constexpr uint32_t absent = 10'000;
    unsigned most_incomplete = 0;
    uint64_t most_packets = 0;
    std::map<long, unsigned> outcomes;
    world.spawn("sender", [&] {
        sim::user_socket socket(*victim, SOCK_DGRAM);
        for (uint32_t i = 0; i < absent; i++) {
            for (int copy = 0; copy < 4; copy++) {
                EXPECT_EQ(socket.send_to("x", address("10.0.2.0") + i, 9), 1);
            }
            most_incomplete = std::max(most_incomplete, victim->stack().arp->incomplete);
            world.pass(microsecond); // what is told about refused ones goes through loopback
            most_packets = std::max(most_packets, victim->stack().live_skbs);
        }
        // And who asks for the outcome is told.
        sim::user_socket asking(*victim, SOCK_DGRAM);
        ASSERT_EQ(asking.connect(address("10.0.3.3"), 9), 0);
        asking.set_option(IPPROTO_IP, IP_RECVERR, 1);
        world.pass(5 * second); // the first 64 have failed, there is room for a question
        asking.send("x");
        outcomes[asking.recv().result]++;
    });
    world.run();
    EXPECT_EQ(most_incomplete, net::arp_incomplete_limit);
    EXPECT_LE(most_packets, 3u * net::arp_incomplete_limit + 8);
    EXPECT_EQ(outcomes[-EHOSTUNREACH], 1u);
    EXPECT_EQ(drops(drop_reason::arp_queue_full), net::arp_incomplete_limit); // the fourth of each
    EXPECT_EQ(drops(drop_reason::arp_unresolved), 3u * net::arp_incomplete_limit + 1);
    EXPECT_EQ(drops(drop_reason::arp_table_full), 4u * (absent - net::arp_incomplete_limit));
    expect_baseline_after(10 * second);
    EXPECT_EQ(victim->stack().arp->incomplete, 0u);
}

TEST_F(attack_link, L7_bad_fields_are_dropped_and_teach_nothing) {
    const unsigned neighbours_before = neighbours();
    for (const uint16_t operation : {arp_request, arp_reply}) {
        const arp_packet good = attacker->arp(operation, attacker->ip, victim_ip());
        const uint64_t malformed_before = drops(drop_reason::arp_malformed);
        unsigned malformed = 0;
        auto expect_malformed = [&](auto change) {
            arp_packet packet = good;
            change(packet);
            attacker->inject_arp(packet);
            malformed++;
            EXPECT_EQ(drops(drop_reason::arp_malformed), malformed_before + malformed);
        };
        for (unsigned value = 0; value < 256; value++) {
            if (value != 6) {
                expect_malformed([&](auto& packet) { packet.hardware_length = static_cast<uint8_t>(value); });
            }
            if (value != 4) {
                expect_malformed([&](auto& packet) { packet.protocol_length = static_cast<uint8_t>(value); });
            }
            if (value != arp_request && value != arp_reply) {
                expect_malformed([&](auto& packet) { packet.operation = static_cast<uint16_t>(value); });
            }
        }
        for (const uint16_t type : {0x0000, 0x0806, 0x86dd, 0x8100, 0xffff}) {
            expect_malformed([&](auto& packet) { packet.protocol_type = type; });
        }
        for (const uint16_t type : {0, 6, 15, 256, 65535}) {
            expect_malformed([&](auto& packet) { packet.hardware_type = type; });
        }
        expect_malformed([](auto& packet) { packet.sender_mac[0] |= 1; });
        expect_malformed([](auto& packet) { std::memset(packet.sender_mac, 0xff, 6); });
        expect_malformed([](auto& packet) { std::memset(packet.sender_mac, 0, 6); });
        expect_malformed([&](auto& packet) { std::memcpy(packet.sender_mac, victim_mac(), 6); });

        const uint64_t address_before = drops(drop_reason::arp_bad_address);
        unsigned addresses = 0;
        for (const char* bad :
             {"10.0.255.255", "255.255.255.255", "127.0.0.1", "224.0.0.1", "240.0.0.1", "0.0.0.1"}) {
            arp_packet packet = good;
            packet.sender_address = address(bad);
            attacker->inject_arp(packet);
            addresses++;
            EXPECT_EQ(drops(drop_reason::arp_bad_address), address_before + addresses) << bad;
        }
    }
    EXPECT_EQ(sent_to_others(), 0u);
    EXPECT_EQ(neighbours(), neighbours_before);
    // A question for our address from 0.0.0.0 is a probe (RFC 5227): answered, learnt never.
    attacker->inject_arp(attacker->arp(arp_request, 0, victim_ip()));
    EXPECT_EQ(replies(), 1u);
    attacker->inject_arp(attacker->arp(arp_reply, 0, victim_ip()));
    EXPECT_EQ(replies(), 1u);
    // A sender that is off the link is answered too, for it may use another prefix, but gets no entry.
    attacker->inject_arp(attacker->arp(arp_request, address("192.0.2.1"), victim_ip()));
    EXPECT_EQ(neighbours(), neighbours_before);
}

TEST_F(attack_link, L8_frames_that_are_not_for_us_or_no_frames_at_all) {
    introduce_attacker();
    const sim::frame packet = sim::make_udp(from_attacker(), 1000, 9, std::string(30, 'x'));
    const uint8_t other[6] = {2, 9, 9, 9, 9, 9};
    const uint8_t group[6] = {1, 0, 0x5e, 1, 2, 3};
    const uint8_t pause[6] = {1, 0x80, 0xc2, 0, 0, 1};
    const uint64_t before_it = all_drops();
    for (const uint8_t* destination : {other, group, pause}) {
        attacker->inject(sim::make_ethernet(destination, attacker->mac, ETH_P_IP, packet));
    }
    EXPECT_EQ(drops(drop_reason::eth_other_host), 3u);
    for (const uint8_t* source : {group, pause, net::wire::ethernet_broadcast}) {
        attacker->inject(sim::make_ethernet(victim_mac(), source, ETH_P_IP, packet));
    }
    EXPECT_EQ(drops(drop_reason::eth_bad_source), 3u);
    // VLAN and Q-in-Q tags, 802.3 lengths, PPPoE, IPv6, loopback test, nothing: no tag is taken off.
    unsigned unknown = 0;
    for (const uint16_t type : {0x8100, 0x88a8, 0x0000, 0x002e, 0x05dc, 0x05ff, 0x8864, 0x86dd, 0x9000}) {
        attacker->inject(
            sim::make_ethernet(victim_mac(), attacker->mac, type, sim::join(sim::frame{0, 5, 8, 0}, packet)));
        unknown++;
    }
    EXPECT_EQ(drops(drop_reason::eth_unknown_protocol), unknown);
    EXPECT_EQ(all_drops(), before_it + 6 + unknown);
    EXPECT_EQ(sent_to_others(), 0u);
}

} // namespace
